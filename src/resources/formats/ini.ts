import { unsafe } from 'ini';
import type { Json, JsonObject } from '../../model/json.ts';
import {
  aboveBlankLine,
  formatPath,
  indentAt,
  insertLines,
  mebibyte,
  nextLine,
  positionIn,
  UnreadableText,
  type Format,
  type LeafPath,
  type Stretch,
} from './format.ts';

interface Line {
  readonly section: string | undefined;
  readonly key?: string;
  /** `=` or `:` with the blanks around it; empty for a key alone, and for a header. */
  readonly separator: string;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly end: number;
}

/** A line that is part of the value above it to some programs (Python), and by itself to others (systemd, git, MySQL). */
interface Stray {
  readonly section: string | undefined;
  /** A header as it is written, else what stands before `=` or `:`. */
  readonly key: string;
  readonly isHeader: boolean;
  readonly text: string;
  readonly start: number;
  /** Where the line with that value starts. */
  readonly above: number;
}

interface Scanned {
  readonly lines: readonly Line[];
  readonly strays: readonly Stray[];
}

/**
 * INI: `[section]`, `key = value` or `key: value`, comments after `;` or `#` on lines of their own or behind a blank. A key
 * that stands more than once in its section is a list, and a section that stands twice is one. Values are texts; quotes around
 * them are not part of them. A value may go on in deeper indented lines. Lines that only some programs take for that are read
 * both ways, and never edited.
 */
export const iniFormat: Format = {
  maxBytes: mebibyte,
  open(text) {
    const root = new Map<string, string[]>();
    const sections = new Map<string, Map<string, string[]>>();
    const scanned = scan(text);
    const { lines, strays } = scanned;
    for (const line of lines) {
      if (line.section !== undefined && !sections.has(line.section)) sections.set(line.section, new Map());
      if (line.key === undefined) continue;
      add(line.section, line.key, unquote(text.slice(line.valueStart, line.valueEnd)));
    }
    const both = [...sections.keys()].find((name) => root.has(name));
    if (both !== undefined) throw new UnreadableText('a section has the name of a key above all sections');
    // Equal to no value that can be wanted. An edit that loses one is seen, whatever it took for a value.
    for (const { section, key, text: written } of strays) add(section, key, `!!ambiguous ${written}`);
    const tree = [...sections].map(([name, members]): [string, Json] => [name, valuesOf(members)]);
    return {
      tree: { ...valuesOf(root), ...Object.fromEntries(tree) },
      set: (path, value) => setAt(text, scanned, path, value),
      unset: (path) => unsetAt(text, scanned, path),
    };

    function add(section: string | undefined, key: string, value: string): void {
      const holder = section === undefined ? root : sections.get(section)!;
      const before = holder.get(key);
      if (before) before.push(value);
      else holder.set(key, [value]);
    }
  },
  fit(path, value) {
    const section = path.length > 1 ? path.slice(0, -1).join('.') : undefined;
    const key = path.at(-1)!;
    if (!/^[^\s=:;#[\]"'][^=:\r\n]*$/.test(key) || key !== key.trim()) throw new Error('not a key that INI can hold');
    if (section !== undefined && (!/^[^\]\r\n]+$/.test(section) || section !== section.trim())) {
      throw new Error('not a section that INI can hold');
    }
    const fitted = section === undefined ? [key] : [section, key];
    if (!Array.isArray(value)) return [fitted, textOf(value)];
    if (value.length === 0) throw new Error('INI has no empty list');
    const texts = value.map(textOf);
    return [fitted, texts.length === 1 ? texts[0]! : texts];
  },
  assertDistinct(text, wanted, going) {
    const names = new Map(wanted.map((path) => [fold(path), path.at(-1)!]));
    const gone = new Set(going.map(formatPath));
    const { lines, strays } = scan(text);
    for (const { section, key, start } of [...lines, ...strays]) {
      if (key === undefined) continue;
      const path = section === undefined ? [key] : [section, key];
      const name = names.get(fold(path));
      if (name === undefined || name === key || gone.has(formatPath(path))) continue;
      throw new Error(
        `${key} at ${positionIn(text, start)} is the same as ${name} for programs that know no case in keys, such as git and Python; ` +
          'write it in git as it stands there',
      );
    }
  },
};

function setAt(text: string, { lines, strays }: Scanned, path: LeafPath, value: Json): readonly Stretch[] {
  const { section, key } = addressOf(path);
  const found = lines.filter((line) => line.section === section && line.key === key);
  assertCertain(text, strays, section, { key, lines: found });
  const values = (Array.isArray(value) ? value : [value]).map((one: Json) => quote(String(one)));
  const last = lines.findLast((line) => line.section === section && line.key !== undefined);
  const head = `${last ? indentAt(text, last.start) : ''}${key}${last?.separator || ' = '}`;
  const below = (offset: number, added: readonly string[]): Stretch => ({ ...insertLines(text, offset, added), depth: 1 });
  const write = (one: string): string => head + one;
  if (found.length > 0) {
    const extra = values.slice(found.length).map(write);
    const stretches = found.map((line, index) => {
      const one = values[index];
      if (one === undefined) return { start: line.start, end: line.end, by: '' };
      const isBeforeComment = one === '' && text.slice(line.valueEnd, line.end).trim() !== '';
      const written = isBeforeComment ? '""' : one;
      return { start: line.valueStart, end: line.valueEnd, by: line.separator === '' ? ` = ${written}` : written, depth: 2 };
    });
    return extra.length > 0 ? [...stretches, below(found.at(-1)!.end, extra)] : stretches;
  }
  const added = values.map(write);
  if (last) return [below(last.end, added)];
  const header = lines.find((line) => line.section === section && line.key === undefined);
  if (header) return [below(header.end, added)];
  if (section === undefined) return [below(lines[0] ? lines[0].start : text.length, added)];
  return [insertLines(text, text.length, [...(text.trim() === '' ? [] : ['']), `[${section}]`, ...added])];
}

function unsetAt(text: string, { lines, strays }: Scanned, path: LeafPath): readonly Stretch[] {
  const isWhole = path.length === 1 && lines.some((line) => line.section === path[0]);
  const { section, key } = isWhole ? { section: path[0], key: undefined } : addressOf(path);
  const own = lines.filter((line) => line.section === section);
  const removed = own.filter((line) => isWhole || line.key === key);
  assertCertain(text, strays, section, { key, lines: isWhole ? [] : removed });
  const [header, first] = own;
  const isEmptied = header && first && !isWhole && section !== undefined && removed.length === own.length - 1;
  if (isEmptied && removed.length > 0 && text.slice(header.end, first.start).trim() === '') removed.unshift(header);
  return removed.map(({ key: name, start, end }) => ({
    start: name === undefined ? aboveBlankLine(text, start) : start,
    end,
    by: '',
  }));
}

const fold = (path: LeafPath): string => formatPath([...path.slice(0, -1), path.at(-1)!.toLowerCase()]);

const valuesOf = (members: ReadonlyMap<string, readonly string[]>): JsonObject =>
  Object.fromEntries([...members].map(([key, values]) => [key, values.length === 1 ? values[0]! : values]));

function textOf(value: Json): string {
  if (value === null || typeof value === 'object') throw new Error('an INI value is a text, or a list of texts');
  const text = String(value);
  quote(text);
  return text;
}

function addressOf(path: readonly string[]): { readonly section: string | undefined; readonly key: string } {
  return { section: path.length > 1 ? path[0] : undefined, key: path.at(-1)! };
}

/** Throws where what is to be edited is read in two ways: where a header is, that is the whole section. */
function assertCertain(
  text: string,
  strays: readonly Stray[],
  section: string | undefined,
  edited: { readonly key: string | undefined; readonly lines: readonly Line[] },
): void {
  const starts = new Set(edited.lines.map(({ start }) => start));
  const found = strays.find(
    (stray) => stray.section === section && (stray.isHeader || stray.key === edited.key || starts.has(stray.above)),
  );
  if (!found) return;
  throw new Error(
    `what stands at ${positionIn(text, found.start)} is part of the value above it for some programs, and stands by itself for ` +
      'others; write it so that all agree, or manage the whole file',
  );
}

function scan(text: string): Scanned {
  const lines: Line[] = [];
  const strays: Stray[] = [];
  let section: string | undefined;
  let isApart = false;
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = nextLine(text, start);
    const content = text.slice(start, end).trim();
    const last = lines.at(-1);
    isApart ||= content === '';
    if (content === '' || /^[;#]/.test(content)) continue;
    const header = headerPattern.exec(content);
    // As Python has it, and as systemd and git have it, which take no notice of comments between.
    const isDeeper = last?.key !== undefined && indentAt(text, start).length > indentAt(text, last.start).length;
    const isJoined = last?.key !== undefined && !isApart && text[last.valueEnd - 1] === '\\';
    isApart = false;
    if (last && (isDeeper || isJoined)) {
      if (isStray(text, last, start, { isDeeper, isJoined })) {
        const key = header ? content : (/^[^=:]+/.exec(content)?.[0].trim() ?? content);
        strays.push({ section, key, isHeader: header !== null, text: content, start, above: last.start });
      }
      lines[lines.length - 1] = { ...last, valueEnd: start + text.slice(start, end).trimEnd().length, end };
    } else if (header) {
      section = header[1]!.trim();
      lines.push({ section, separator: '', start, end, valueStart: end, valueEnd: end });
    } else lines.push(scanEntry(text, start, end, section));
  }
  return { lines, strays };
}

const headerPattern = /^\[([^\]]*)\]\s*(?:[;#].*)?$/;
/** Not the `a>=1`, `a==1` and `https://a` of lists. */
const entryPattern = /^\w(?:[^=<>!~"'(){}$,]*=(?!=)|[^=:]*:(?=\s|$))/;
const flagPattern = /^[\w-]+\s*(?:[;#].*)?$/;

/** Whether a line with which a value goes on, for those that look at indentation or backslashes, is its own for others. */
function isStray(
  text: string,
  last: Line,
  start: number,
  { isDeeper, isJoined }: { readonly isDeeper: boolean; readonly isJoined: boolean },
): boolean {
  if (start !== last.end) return true;
  if (isDeeper && isJoined) return false;
  const content = text.slice(start, nextLine(text, start)).trim();
  if (headerPattern.test(content) || entryPattern.test(content)) return true;
  const isList = last.separator !== '' && text.slice(last.valueStart, nextLine(text, last.start)).trim() === '';
  return !isJoined && !isList && flagPattern.test(content);
}

function scanEntry(text: string, start: number, end: number, section: string | undefined): Line {
  const line = text.slice(start, end).trimEnd();
  const split = line.search(/[=:]/);
  const key = (split === -1 ? line : line.slice(0, split)).trim();
  if (key === '' || key.startsWith('[')) throw new UnreadableText(`not valid INI at ${positionIn(text, start)}`);
  const keyEnd = line.indexOf(key) + key.length;
  const separator = split === -1 ? '' : /^[ \t]*[=:][ \t]*/.exec(line.slice(keyEnd))![0];
  const rest = line.slice(keyEnd + separator.length);
  const comment = rest.search(/\s[;#]/);
  const quoted = /^(?:"(?:[^"\\]|\\.)*"|'[^']*')(?=$|\s+[;#])/.exec(rest)?.[0];
  const value = quoted ?? (comment === -1 ? rest : rest.slice(0, comment).trimEnd());
  const valueStart = start + keyEnd + separator.length;
  return { section, key, separator, start, end, valueStart, valueEnd: valueStart + value.length };
}

/** The library's own reading, where it reads a text. */
function unquote(raw: string): string {
  if (!/^(?:".*"|'.*')$/s.test(raw) || raw.length < 2) return raw;
  const value: unknown = raw.startsWith("'") ? raw.slice(1, -1) : unsafe(raw);
  return typeof value === 'string' ? value : raw.slice(1, -1);
}

/** As it is where every dialect reads it back, else in quotes. Throws for what a line cannot hold. */
function quote(value: string): string {
  if (/[\r\n\0]/.test(value)) throw new Error('an INI value is one line');
  const isPlain =
    value === value.trim() && !value.endsWith('\\') && !/[;#]/.test(value) && !/^["'[]/.test(value) && unsafe(value) === value;
  return isPlain ? value : JSON.stringify(value);
}
