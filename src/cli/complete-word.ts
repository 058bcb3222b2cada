import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import type { NameKind } from './command-entry.ts';
import type { Invocation } from './invocation.ts';
import { listNames, type Name } from './list-names.ts';

/** Names come from repositories and runs that others wrote: no shell does anything with these characters, behind these first ones. */
const harmless = /^[\w./:][\w./:@%+=,[\]-]*$/;
/** What was typed in front of a name is given back without its quotes. */
const harmlessHead = /^[\w./:@%+=,[\]&!*?~-]*$/;
/** What stands in front of the part that is completed. A pattern without a comma is divided at colons. */
const heads: Readonly<Partial<Record<NameKind, RegExp>>> = { tags: /^.*,/, pattern: /^(?:.*,|[^,]*:)?[&!]?/ };

/**
 * What the last of the words of a command line, as they are typed there, can become: whole words, whatever is typed of their
 * last part. The other words say which repository and state are meant. Throws where these cannot be read.
 */
export function completeWord(kind: NameKind, words: readonly string[], invocation: Invocation): readonly Name[] {
  const typed = words.map(withoutQuotes);
  const { values } = parseArgs({
    args: typed.slice(0, -1),
    options: { source: { type: 'string' }, root: { type: 'string' } },
    strict: false,
  });
  const options = { source: atHome(values.source), root: atHome(values.root) };
  const [head = ''] = heads[kind]?.exec(typed.at(-1) ?? '') ?? [];
  if (!harmlessHead.test(head)) return [];
  // An IPv6 address is one only by itself or between commas.
  const isDivided = kind === 'pattern' && head !== '' && !head.includes(',');
  return listNames(kind, { ...invocation, options })
    .filter(({ name }) => harmless.test(name) && !(isDivided && name.includes(':')))
    .map(({ name, ...rest }) => ({ name: `${head}${name}`, ...rest }));
}

const withoutQuotes = (word: string): string => word.replaceAll(/['"\\]/g, '');

/** The shell has not put the home directory in its place yet. */
const atHome = <T>(path: T): T | string => (typeof path === 'string' ? path.replace(/^~(?=\/|$)/, homedir()) : path);
