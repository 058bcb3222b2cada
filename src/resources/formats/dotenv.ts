import type { Json } from '../../model/json.ts';
import { mebibyte, insertLines, nextLine, positionIn, replaceAll, UnreadableText, type Format } from './format.ts';

interface Assignment {
  readonly key: string;
  readonly value: string;
  readonly isExported: boolean;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly end: number;
}

/**
 * Environment files: `KEY=value`, `export` before it, quotes that may span lines, comments after a blank. Of a key that
 * stands twice the last one counts, as everywhere; an edit leaves only one.
 */
export const dotenvFormat: Format = {
  maxBytes: mebibyte,
  read: (text) => Object.fromEntries(scan(text).map(({ key, value }) => [key, value])),
  set(text, [key = ''], value) {
    const all = scan(text);
    const found = all.filter((one) => one.key === key);
    const last = found.at(-1);
    if (!last) {
      const prefix = all.length > 0 && all.every(({ isExported }) => isExported) ? 'export ' : '';
      return insertLines(text, text.length, [`${prefix}${key}=${quote(String(value), '')}`]);
    }
    const written = quote(String(value), text[last.valueStart] ?? '');
    const earlier = found.slice(0, -1).map(({ start, end }) => ({ start, end, by: '' }));
    return replaceAll(text, [...earlier, { start: last.valueStart, end: last.valueEnd, by: written }]);
  },
  unset(text, [key]) {
    const found = scan(text).filter((one) => one.key === key);
    return replaceAll(
      text,
      found.map(({ start, end }) => ({ start, end, by: '' })),
    );
  },
  fit(path, value) {
    const [key = ''] = path;
    if (path.length !== 1 || !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(key)) throw new Error('not the name of an environment variable');
    return [path, textOf(value)];
  },
};

function textOf(value: Json): string {
  if (value === null || typeof value === 'object') throw new Error('the value of an environment variable is a text');
  if (String(value).includes('\0')) throw new Error('the value of an environment variable cannot hold a NUL character');
  return String(value);
}

function scan(text: string): Assignment[] {
  const found: Assignment[] = [];
  const head = /[ \t]*(?:(export)[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/y;
  for (let start = 0; start < text.length;) {
    const end = nextLine(text, start);
    const content = text.slice(start, end).trim();
    if (content === '' || content.startsWith('#')) {
      start = end;
      continue;
    }
    head.lastIndex = start;
    const match = head.exec(text);
    if (!match) throw new UnreadableText(`not valid dotenv at ${positionIn(text, start)}`);
    const valueStart = start + match[0].length;
    const { value, valueEnd } = scanValue(text, valueStart);
    const after = nextLine(text, valueEnd);
    found.push({ key: match[2]!, value, isExported: match[1] !== undefined, start, valueStart, valueEnd, end: after });
    start = after;
  }
  return found;
}

function scanValue(text: string, start: number): { readonly value: string; readonly valueEnd: number } {
  const mark = text[start];
  if (mark === '"' || mark === "'") {
    const end = closingQuote(text, start, mark);
    if (!/^\s*(?:$|\s#)/.test(text.slice(end + 1, nextLine(text, end)))) {
      throw new UnreadableText(`a quote that is not closed at ${positionIn(text, start)}`);
    }
    const inner = text.slice(start + 1, end);
    return { value: mark === '"' ? unescape(inner) : inner, valueEnd: end + 1 };
  }
  const line = text.slice(start, nextLine(text, start));
  const comment = line.search(/(?:^|[ \t])#/);
  const value = (comment === -1 ? line : line.slice(0, comment)).trimEnd();
  return { value, valueEnd: start + value.length };
}

function closingQuote(text: string, start: number, mark: string): number {
  let end = start + 1;
  while (end < text.length && text[end] !== mark) end += mark === '"' && text[end] === '\\' ? 2 : 1;
  if (end >= text.length) throw new UnreadableText(`a quote that is not closed at ${positionIn(text, start)}`);
  return end;
}

const escapes: { readonly [letter: string]: string } = { n: '\n', r: '\r', t: '\t' };

const unescape = (text: string): string => text.replace(/\\([nrt"\\$`])/g, (_whole, letter: string) => escapes[letter] ?? letter);

/** Bare where a shell reads it so, else in the quotes that were there, else in single ones, in which nothing has a meaning. */
function quote(value: string, old: string): string {
  if (old !== '"' && old !== "'" && /^[A-Za-z0-9_/.:@%+,=-]*$/.test(value)) return value;
  const isSimple = !/[\\"$`\r\n]/.test(value);
  if (!value.includes("'") && !(old === '"' && isSimple)) return `'${value}'`;
  return `"${value.replace(/[\\"$`]/g, '\\$&').replaceAll('\r', '\\r')}"`;
}
