import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { indexPatterns } from './match-pattern.ts';
import { splitWords } from './split-words.ts';

/** What stands between one `Host` line of the user's SSH configuration and the next. */
interface Section {
  /** Undefined: it may be about any host. */
  readonly patterns: readonly string[] | undefined;
  /** Whether it may say something else of each host that it is about. */
  isIndividual: boolean;
}

const deepest = 16;
const perHost = new Set(['hostname', 'hostkeyalias', 'canonicalizehostname']);
const mayNameHost = new Set([
  'proxyjump',
  'identityagent',
  'userknownhostsfile',
  'user',
  'globalknownhostsfile',
  'revokedhostkeys',
]);

/**
 * Which hosts get the same answer from `ssh -G`, so that thousands of hosts do not cost thousands of processes: a function that
 * gives such hosts the same text, and undefined to hosts that must be asked about one by one. Only `Host` lines and a few keywords are
 * looked at; what they mean stays with `ssh`. A file that cannot be read, `Match`, or names that are made of the host's own: one by one.
 */
export function readConfigSections(files: readonly string[], home: string): (address: string) => string | undefined {
  const sections: Section[] = [{ patterns: undefined, isIndividual: false }];
  for (const file of files) {
    const first: Section = { patterns: undefined, isIndividual: false };
    sections.push(first);
    readInto(sections, first, file, { home, base: file.startsWith('/etc/') ? '/etc/ssh' : join(home, '.ssh') }, 0);
  }
  const sectionsFor = indexPatterns(sections.map(({ patterns }) => patterns ?? ['*']));
  return (address) => {
    const about = sectionsFor(address);
    return about.some((index) => sections[index]!.isIndividual) ? undefined : about.join(' ');
  };
}

interface Directories {
  readonly home: string;
  /** What an `Include` without a directory of its own is relative to. */
  readonly base: string;
}

function readInto(sections: Section[], start: Section, file: string, directories: Directories, depth: number): void {
  let current = start;
  const individually = (): void => {
    current.isIndividual = true;
  };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') individually();
    return;
  }
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
    const keyword = name.toLowerCase();
    const words = value.replaceAll('"', '').split(/\s+/);
    if (keyword === 'host') sections.push((current = { patterns: words, isIndividual: false }));
    else if (keyword === 'match') sections.push((current = { patterns: undefined, isIndividual: value.toLowerCase() !== 'all' }));
    else if (perHost.has(keyword) || (mayNameHost.has(keyword) && value.includes('%'))) individually();
    else if (keyword === 'include') {
      const included = depth < deepest ? filesOf(value, directories) : undefined;
      if (included) for (const each of included) readInto(sections, current, each, directories, depth + 1);
      else individually();
    }
  }
}

/** What an `Include` names; undefined where a word of it is for `ssh` alone to read. */
function filesOf(value: string, { home, base }: Directories): readonly string[] | undefined {
  const words = splitWords(value);
  if (!words || words.some((word) => /^~(?!\/)|\$\{|%/.test(word))) return undefined;
  const patterns = words.map((word) => (word.startsWith('~/') ? join(home, word.slice(2)) : resolve(base, word)));
  return patterns.flatMap((pattern) => globSync(pattern).sort());
}
