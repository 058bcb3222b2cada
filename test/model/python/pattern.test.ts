import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type PythonMatch, type PythonPattern, readPythonPattern } from '../../../src/model/python/pattern.ts';
import { PatternFault } from '../../../src/model/python/reader.ts';
import { readReplacement } from '../../../src/model/python/replacement.ts';
import { generatedPatterns, shortTexts } from './generated-patterns.ts';
import { patterns, refused, replacements, texts } from './written-patterns.ts';

interface Case {
  readonly pattern: string;
  readonly flags: string;
  readonly texts: readonly string[];
  readonly replacement?: string;
}

interface Answer {
  readonly search: readonly (string | null)[] | null;
  readonly match: readonly (string | null)[] | null;
  readonly all: readonly (readonly (string | null)[])[];
  /** Null where none was asked for, false where it is refused. */
  readonly replaced: string | false | null;
}

const python = '/usr/bin/python3';
const supported = 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))';
const noPython =
  spawnSync(python, ['-c', supported]).status === 0 ? undefined : `skipped: ${python} is not Python 3.11, 3.12 or 3.13`;
if (noPython !== undefined) console.log(`patterns: ${noPython}`);

function askPython(script: readonly string[], input: unknown): unknown {
  const { stdout, stderr, status } = spawnSync(python, script, {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`the Python oracle failed: ${stderr}`);
  return JSON.parse(stdout);
}

const oracle = fileURLToPath(new URL('pattern-oracle.py', import.meta.url));

/** Undefined where it is refused. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof PatternFault) return undefined;
    throw error;
  }
}

/** Groups that cannot be told are as Python says. */
function groupsOf(expression: PythonPattern, match: PythonMatch, expected: readonly (string | null)[] | null | undefined) {
  return Array.from({ length: expression.groupCount + 1 }, (_none, index) => {
    const number = attempt(() => expression.groupOf(index));
    return number === undefined ? expected?.[index] : (match.group(number) ?? null);
  });
}

function answerOf(expression: PythonPattern, text: string, expected: Answer, replacement: string | undefined): Answer {
  const [found, first] = [expression.search(text), expression.matchStart(text)];
  const all = Array.from(expression.searchAll(text));
  const replace = (fill: (match: PythonMatch) => string): string => {
    const ends = [0, ...all.map(({ end }) => end)];
    return all.map((match, index) => text.slice(ends[index], match.start) + fill(match)).join('') + text.slice(ends.at(-1));
  };
  const fill = replacement === undefined ? undefined : attempt(() => readReplacement(replacement, expression));
  return {
    search: found ? groupsOf(expression, found, expected.search) : null,
    match: first ? groupsOf(expression, first, expected.match) : null,
    all: all.map((match, index) => groupsOf(expression, match, expected.all[index])),
    replaced: replacement === undefined ? null : fill === undefined ? false : replace(fill),
  } as Answer;
}

/** How many patterns were compared, and those that Python takes and we refuse. */
function compare(cases: readonly Case[]): { readonly compared: number; readonly refusedOnly: readonly string[] } {
  const answers = askPython([oracle], cases) as ((Answer | null)[] | null)[];
  const refusedOnly: string[] = [];
  const different: object[] = [];
  let compared = 0;
  for (const [index, { pattern, flags, texts, replacement }] of cases.entries()) {
    const answer = answers[index]!;
    const expression = attempt(() => readPythonPattern(pattern, flags));
    if (answer === null && expression !== undefined) different.push({ pattern, flags, expected: 'refused' });
    if (answer === null || expression === undefined) {
      if (answer !== null) refusedOnly.push(pattern);
      continue;
    }
    compared++;
    for (const [place, text] of texts.entries()) {
      const expected = answer[place];
      if (!expected) continue;
      const ours = attempt(() => answerOf(expression, text, expected, replacement));
      if (ours !== undefined && JSON.stringify(ours) !== JSON.stringify(expected))
        different.push({ pattern, flags, text, ours, expected });
    }
  }
  expect(different).toEqual([]);
  return { compared, refusedOnly };
}

describe.skipIf(noPython !== undefined)('Python agrees', () => {
  it('on patterns that people write', { timeout: 60_000 }, () => {
    const cases = patterns.flatMap((pattern) => ['', 'i', 'm'].map((flags) => ({ pattern, flags, texts })));
    const { compared, refusedOnly } = compare(cases);

    expect(compared).toBeGreaterThan(500);
    expect(refusedOnly).toEqual([]);
  });

  it('on replacements', { timeout: 60_000 }, () => {
    const cases = replacements.map(([pattern, replacement]) => ({ pattern, flags: '', texts, replacement }));

    expect(compare(cases)).toEqual({ compared: replacements.length, refusedOnly: [] });
  });

  it('on patterns that nobody writes', { timeout: 60_000 }, () => {
    const { compared, refusedOnly } = compare(
      generatedPatterns.map(([pattern, flags]) => ({ pattern, flags, texts: shortTexts })),
    );

    expect(compared).toBeGreaterThan(400);
    expect(refusedOnly.length).toBeLessThan(200);
  });

  it('that the patterns which are refused here mean something', () => {
    const answers = askPython(
      [oracle],
      refused.map(([pattern]) => ({ pattern, flags: '', texts: [] })),
    );

    expect(answers).toEqual(refused.map(() => []));
  });

  it.each(['\\w', '\\d', '\\s', '\\W', '(?a)\\w', '(?a)\\s', '.', '(?i)[a-z]', '(?i)[à-ÿ]', '(?i)[^ß-я]', '(?i)ς'])(
    'on each character about %s',
    { timeout: 60_000 },
    (pattern) => {
      const script = `import json, re, sys, unicodedata
known = [c for c in map(chr, range(0x11000)) if unicodedata.category(c) not in ("Cn", "Cs")]
matches = re.compile(json.load(sys.stdin)).match
json.dump({"known": known, "found": [c for c in known if matches(c)]}, sys.stdout)`;
      const { known, found } = askPython(['-c', script], pattern) as { readonly known: string[]; readonly found: string[] };
      const expression = readPythonPattern(pattern, '');

      expect(known.filter((character) => expression.matchStart(character) !== undefined)).toEqual(found);
    },
  );
});

describe('a pattern', () => {
  it.each(refused)('%s that JavaScript cannot do as Python does is refused', (pattern, fault) => {
    expect(() => readPythonPattern(pattern, '')).toThrow(new PatternFault(fault));
  });

  it('does not tell what a group of a repetition has matched where a later round may have skipped it', () => {
    const expression = readPythonPattern('(?:(a)|b)*', '');

    expect(expression.search('ab')?.group(0)).toBe('ab');
    expect(() => expression.groupOf(1)).toThrow('a repetition may skip it');
  });

  it('with a back-reference that ignores case is for ASCII only', () => {
    const expression = readPythonPattern('(.)\\1', 'i');

    expect(expression.search('sS')?.group(0)).toBe('sS');
    expect(() => expression.search('sſ')).toThrow('ASCII only');
  });
});
