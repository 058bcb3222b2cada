import { nextLine } from './format.ts';

/** One `key = value`, with its offsets. */
export interface TomlEntry {
  /** As written, relative to its table. */
  readonly key: readonly string[];
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** A table header with its entries; the first of a document has no header, an empty path, and starts at 0. */
export interface TomlTable {
  readonly path: readonly string[];
  /** `[[path]]`. */
  readonly isElement: boolean;
  readonly start: number;
  /** After the line of the header. */
  readonly bodyStart: number;
  readonly entries: readonly TomlEntry[];
}

/** Where the tables and entries of a document stand. The text must be one that the parser has taken. */
export function scanToml(text: string): readonly TomlTable[] {
  const tables: (TomlTable & { readonly entries: TomlEntry[] })[] = [
    { path: [], isElement: false, start: 0, bodyStart: 0, entries: [] },
  ];
  let offset = skipBlank(text, 0);
  while (offset < text.length) {
    if (text[offset] === '[') {
      const isElement = text[offset + 1] === '[';
      const { key } = scanKey(text, offset + (isElement ? 2 : 1));
      const bodyStart = nextLine(text, offset);
      tables.push({ path: key, isElement, start: offset, bodyStart, entries: [] });
      offset = skipBlank(text, bodyStart);
    } else {
      const entry = scanEntry(text, offset);
      tables.at(-1)!.entries.push(entry);
      offset = skipBlank(text, entry.valueEnd);
    }
  }
  return tables;
}

/** The entries of an inline table that starts at `offset`. */
export function scanInlineTable(text: string, offset: number): readonly TomlEntry[] {
  const entries: TomlEntry[] = [];
  let at = skipBlank(text, offset + 1);
  while (at < text.length && text[at] !== '}') {
    const entry = scanEntry(text, at);
    entries.push(entry);
    at = skipBlank(text, entry.valueEnd);
    if (text[at] === ',') at = skipBlank(text, at + 1);
  }
  return entries;
}

function scanEntry(text: string, start: number): TomlEntry {
  const { key, end } = scanKey(text, start);
  const valueStart = skipBlank(text, text.indexOf('=', end) + 1);
  return { key, start, valueStart, valueEnd: scanValue(text, valueStart) };
}

function scanKey(text: string, offset: number): { readonly key: readonly string[]; readonly end: number } {
  const key: string[] = [];
  const part = /[ \t]*(?:([A-Za-z0-9_-]+)|'([^'\n]*)'|("(?:[^"\\\n]|\\.)*"))[ \t]*(\.?)/y;
  part.lastIndex = offset;
  for (let match = part.exec(text); match; match = part.exec(text)) {
    const [, bare, literal, basic, dot] = match;
    key.push(bare ?? literal ?? readBasic(basic!));
    offset = part.lastIndex;
    if (!dot) break;
  }
  return { key, end: offset };
}

/** A basic string as JSON reads it; TOML has a few more escapes. */
function readBasic(quoted: string): string {
  const escapes = quoted.replace(
    /\\(?:U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(e)|.)/g,
    (whole, long?: string, short?: string, esc?: string) => {
      if (esc) return '\\u001b';
      const hex = long ?? short;
      return hex ? JSON.stringify(String.fromCodePoint(Number.parseInt(hex, 16))).slice(1, -1) : whole;
    },
  );
  return JSON.parse(escapes) as string;
}

function scanValue(text: string, offset: number): number {
  const first = text[offset];
  if (first === '"' || first === "'") return scanString(text, offset);
  if (first === '[' || first === '{') return scanBrackets(text, offset);
  let end = offset;
  while (end < text.length && !',]}#\n'.includes(text[end]!)) end++;
  return offset + text.slice(offset, end).trimEnd().length;
}

function scanString(text: string, offset: number): number {
  const quote = text[offset]!;
  const isLong = text.startsWith(quote.repeat(3), offset);
  let end = offset + (isLong ? 3 : 1);
  while (end < text.length && !text.startsWith(isLong ? quote.repeat(3) : quote, end)) {
    end += quote === '"' && text[end] === '\\' ? 2 : 1;
  }
  if (!isLong) return end + 1;
  end += 3;
  for (let extra = 0; extra < 2 && text[end] === quote; extra++) end++;
  return end;
}

function scanBrackets(text: string, offset: number): number {
  let depth = 0;
  do {
    const character = text[offset]!;
    if (character === '"' || character === "'") {
      offset = scanString(text, offset);
      continue;
    }
    if (character === '#') {
      offset = nextLine(text, offset);
      continue;
    }
    if (character === '[' || character === '{') depth++;
    if (character === ']' || character === '}') depth--;
    offset++;
  } while (depth > 0 && offset < text.length);
  return offset;
}

/** Past blanks, line breaks and comments. */
function skipBlank(text: string, offset: number): number {
  while (offset < text.length) {
    const character = text[offset]!;
    if (character === '#') offset = nextLine(text, offset);
    else if (/\s/.test(character)) offset++;
    else break;
  }
  return offset;
}
