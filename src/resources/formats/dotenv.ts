import type { Json } from '../../model/json.ts';
import { mebibyte, insertLines, nextLine, positionIn, UnreadableText, type Format, type Stretch } from './format.ts';

interface Assignment {
  readonly key: string;
  /** As python-dotenv has it. */
  readonly value: string;
  /** Whether sh, systemd and python-dotenv read the same. */
  readonly isCertain: boolean;
  readonly isExported: boolean;
  /** Behind a comment that ends in a backslash: a line break in front of it makes it one for systemd before 254, too. */
  readonly isSwallowed: boolean;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly end: number;
}

/**
 * Environment files: `KEY=value`, `export` before it, quotes that may span lines, comments after a blank (to systemd a part of
 * the value). Of a key that stands twice the last one counts, as everywhere; an edit leaves only one. What is written means the
 * same to sh, to systemd (EnvironmentFile=) and to python-dotenv, which Hermes reads its keys with. What stands there and does
 * not equals no value that can be wanted, so that it is written anew.
 */
export const dotenvFormat: Format = {
  maxBytes: mebibyte,
  open(text) {
    const all = scan(text);
    return {
      tree: Object.fromEntries(all.map((one) => [one.key, valueIn(text, one)])),
      set([key = ''], value) {
        const found = all.filter((one) => one.key === key);
        const last = found.at(-1);
        if (!last) {
          const prefix = all.length > 0 && all.every(({ isExported }) => isExported) ? 'export ' : '';
          const line = `${prefix}${key}=${quote(String(value), '')}`;
          const isSwallowed = swallowsNext(text.slice(text.trimEnd().lastIndexOf('\n') + 1));
          return [insertLines(text, text.length, isSwallowed ? ['', line] : [line])];
        }
        const isBeforeComment = text.slice(last.valueEnd, last.end).trim() !== '';
        const written = quote(String(value), text[last.valueStart] ?? '') || (isBeforeComment ? "''" : '');
        const parted = last.isSwallowed ? [{ start: last.start, end: last.start, by: '\n' }] : [];
        return [...found.slice(0, -1).map(without), ...parted, { start: last.valueStart, end: last.valueEnd, by: written }];
      },
      unset: ([key]) => all.filter((one) => one.key === key).map(without),
    };
  },
  fit(path, value) {
    const [key = ''] = path;
    if (path.length !== 1 || !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(key)) throw new Error('not the name of an environment variable');
    return [path, textOf(value)];
  },
};

const without = ({ start, end, isSwallowed }: Assignment): Stretch => ({ start, end, by: isSwallowed ? '\n' : '' });

/** Whether systemd before 254 takes what follows a line for more of the comment that it is. */
const swallowsNext = (line: string): boolean => /^\s*#.*(?<!\\)(?:\\\\)*\\\r?\n?$/.test(line);

/** What python-dotenv, which warns only, makes of a text: lines that are no assignment are passed over, and the last value counts. */
export const readAssignments = (text: string): ReadonlyMap<string, string> =>
  new Map(scan(text.replace(/^\uFEFF/, ''), true).map(({ key, value }) => [key, value]));

/** One with `${` can be wanted by nobody, and stays readable. */
const valueIn = (text: string, { value, isCertain, valueStart, valueEnd }: Assignment): string =>
  isCertain || value.includes('${') ? value : `!!ambiguous ${text.slice(valueStart, valueEnd).trimStart()}`;

function textOf(value: Json): string {
  if (value === null || typeof value === 'object') throw new Error('the value of an environment variable is a text');
  quote(String(value), '');
  return String(value);
}

/** A line that is no assignment is an error, or passed over. */
function scan(text: string, isLenient = false): Assignment[] {
  const found: Assignment[] = [];
  const head = /[ \t]*(?:(export)[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/y;
  let isSwallowed = false;
  for (let start = 0; start < text.length;) {
    const end = nextLine(text, start);
    const content = text.slice(start, end).trim();
    if (content === '' || content.startsWith('#')) {
      isSwallowed = swallowsNext(text.slice(start, end));
      start = end;
      continue;
    }
    head.lastIndex = start;
    const match = head.exec(text);
    const headEnd = start + (match?.[0].length ?? 0);
    const scanned = match ? scanValue(text, headEnd) : undefined;
    if (!match || !scanned) {
      const fault = match ? 'a quote that is not closed' : 'not valid dotenv';
      if (!isLenient) throw new UnreadableText(`${fault} at ${positionIn(text, headEnd)}`);
      start = end;
      continue;
    }
    // For sh a value stands right behind the sign: one that is empty, too, or looks like a comment.
    const isNothing = scanned.valueEnd === headEnd;
    const valueStart = isNothing || text[headEnd] === '#' ? start + match[0].trimEnd().length : headEnd;
    const { value, isCertain } = scanned;
    const valueEnd = isNothing ? valueStart : scanned.valueEnd;
    const after = nextLine(text, valueEnd);
    const isExported = match[1] !== undefined;
    found.push({
      key: match[2]!,
      value,
      isCertain: isCertain && !isSwallowed,
      isExported,
      isSwallowed,
      start,
      valueStart,
      valueEnd,
      end: after,
    });
    isSwallowed = false;
    start = after;
  }
  return found;
}

/** Undefined for a quote that is not closed. */
function scanValue(
  text: string,
  start: number,
): (Pick<Assignment, 'value' | 'isCertain'> & { readonly valueEnd: number }) | undefined {
  const mark = text[start];
  if (mark === '"' || mark === "'") {
    const end = closingQuote(text, start, mark);
    if (end === undefined || !/^\s*(?:$|\s#)/.test(text.slice(end + 1, nextLine(text, end)))) return undefined;
    const inner = text.slice(start + 1, end);
    const { escape, differs } = quotes[mark];
    const value = inner.replace(escape, (_whole, letter: string) => escapes[letter] ?? letter);
    return { value, isCertain: !differs.test(inner), valueEnd: end + 1 };
  }
  const line = text.slice(start, nextLine(text, start));
  const comment = line.search(/[ \t]#/);
  const value = (comment === -1 ? line : line.slice(0, comment)).trimEnd();
  // Where a blank or an operator makes a command of it, sh reads no other value, but none.
  const differs = /[$`\\"';<>]|(?:^|:)~|[ \t]\w+=/.test(value) || (mark === '#' && text[start - 1] !== '=');
  return { value, isCertain: !differs, valueEnd: start + value.length };
}

function closingQuote(text: string, start: number, mark: string): number | undefined {
  let end = start + 1;
  while (end < text.length && text[end] !== mark) end += mark === '"' && text[end] === '\\' ? 2 : 1;
  return end < text.length ? end : undefined;
}

/** What python-dotenv takes for an escape, and what others read otherwise than it does. */
const quotes = {
  '"': { escape: /\\([\\'"abfnrtv])/g, differs: /[$`]|(?<!\\)(?:\\\\)*\\['abfnrtv\n]|\\$/ },
  "'": { escape: /\\([\\'])/g, differs: /\\\\|\\$/ },
};

const escapes: { readonly [letter: string]: string } = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/**
 * Bare where a shell reads it so, else in the quotes that were there, else in single ones, else in double ones. Throws for what
 * is read differently in all of them. python-dotenv fills in `${}` even in single quotes, and takes `\\` and `\'` there for
 * escapes; in double ones it knows no `\$`. systemd drops variables with control characters.
 */
function quote(value: string, old: string): string {
  if (/[^\P{Cc}\t\n]/u.test(value)) throw new Error('the value of an environment variable cannot hold control characters');
  if (old !== '"' && old !== "'" && /^[A-Za-z0-9_/.:@%+,=-]*$/.test(value)) return value;
  const isSingle = !/'|\$\{|\\\\|\\$/.test(value);
  const isDouble = !/[$`]|\\$/.test(value);
  if (isSingle && !(old === '"' && isDouble && !/[\\"\n]/.test(value))) return `'${value}'`;
  if (isDouble) return `"${value.replace(/[\\"]/g, '\\$&')}"`;
  throw new Error(
    'sh, systemd and python-dotenv read it differently, however it is written: ' +
      'it cannot hold "${", a backslash at its end, nor a single quote or two backslashes together with $ or `',
  );
}
