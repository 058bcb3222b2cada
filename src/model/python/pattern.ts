import { PatternFault } from './reader.ts';
import { translate } from './translate.ts';

export interface PythonMatch {
  readonly start: number;
  readonly end: number;
  /** What a group has matched, by the number that `groupOf` gave; 0 is the whole. Undefined where it took no part. */
  group(number: number): string | undefined;
}

export interface PythonPattern {
  readonly groupCount: number;
  /** The number of a group that can be asked for by name or number. Throws a PatternFault. */
  groupOf(name: string | number): number;
  /** Python's `search`. */
  search(text: string): PythonMatch | undefined;
  /** Python's `match`. */
  matchStart(text: string): PythonMatch | undefined;
  /** Python's `finditer`. */
  searchAll(text: string): Iterable<PythonMatch>;
}

/** V8 takes a tenth of a millisecond for each class of Unicode, and cannot be stopped there. */
const longestSource = 30_000;

/** Whether a place is between the halves of a surrogate pair. */
const isInside = (text: string, index: number): boolean => (text.codePointAt(index - 1) ?? 0) > 0xffff;

/**
 * A regular expression with the meaning it has for Python 3.11; `flags` are `i` and `m`. Throws a PatternFault for what Python refuses
 * and for what cannot be had here, now or, where only the text shows it, when it is used.
 */
export function readPythonPattern(pattern: string, flags: string): PythonPattern {
  const { source, groups, names, doubtful, prefersNothing, isForAscii } = translate(pattern, flags);
  if (source.length > longestSource) throw new PatternFault('a pattern with too many parts');
  const anywhere = new RegExp(source, 'gv');
  const here = new RegExp(source, 'vy');
  let further: RegExp | undefined;

  const run = (expression: RegExp, text: string, from: number, offset = 0): PythonMatch | undefined => {
    expression.lastIndex = from;
    let match = expression.exec(text);
    // V8 looks between the halves of a character too, where a look-behind finds nothing.
    while (match !== null && match.index > from && isInside(text, match.index)) {
      expression.lastIndex = match.index + 1;
      match = expression.exec(text);
    }
    if (match === null) return undefined;

    return {
      start: match.index,
      end: match.index + match[0].length,
      group: (number) => (number === 0 ? match[0] : match[groups[number]! + offset]),
    };
  };

  /** A match that begins here and is not empty, even where an empty one comes first. */
  const matchFurther = (text: string, from: number): PythonMatch | undefined => {
    further ??= new RegExp(`(?=([^]*))${translate(pattern, flags, 1).source}(?!\\1$)`, 'vy');
    return run(further, text, from, 1);
  };

  const check = (text: string): void => {
    // eslint-disable-next-line no-control-regex -- everything that is not ASCII
    if (isForAscii && /[^\x00-\x7f]/.test(text))
      throw new PatternFault('a back-reference that ignores case is provided for texts in ASCII only');
  };

  return {
    groupCount: groups.length - 1,
    groupOf(name) {
      const number = typeof name === 'number' ? name : names.get(name);
      if (number === undefined || number >= groups.length) throw new PatternFault('a group that the pattern does not have');
      if (!doubtful.has(number)) return number;
      throw new PatternFault(`what group ${number} has matched last is not provided: a repetition may skip it`);
    },
    search(text) {
      check(text);
      return run(anywhere, text, 0);
    },
    matchStart(text) {
      check(text);
      return run(here, text, 0);
    },
    *searchAll(text) {
      check(text);
      let match = run(anywhere, text, 0);
      while (match) {
        yield match;
        const { start, end } = match;
        match = start < end ? run(anywhere, text, end) : undefined;
        if (match || start < end) continue;
        // Where nothing was matched, Python looks for more than nothing first.
        if (prefersNothing) match = matchFurther(text, end);
        if (match || end >= text.length) continue;
        match = run(anywhere, text, end + String.fromCodePoint(text.codePointAt(end)!).length);
      }
    },
  };
}
