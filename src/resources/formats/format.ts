import { isObject, type Json, type JsonObject } from '../../model/json.ts';

/** The keys that lead to a value, outermost first. Lists are values, so there are no indexes. */
export type LeafPath = readonly string[];

/** What to put in the place of a part of a text; an insertion where `start` is `end`. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly by: string;
  /** Of what is put in at one offset, the deeper stands first; 0 where not given. */
  readonly depth?: number;
}

/** A text as its format has parsed it. */
export interface OpenText {
  /**
   * The document as a mapping; empty for a text without any key. A scalar that JSON has no form for (a date, a number of
   * more than 53 bits) is a text such as `!!timestamp 2026-01-01`, one that readers disagree about such as `!!ambiguous y`.
   */
  readonly tree: JsonObject;
  /** What gives one leaf its value, or adds it; all other bytes stay. */
  set(path: LeafPath, value: Json): readonly Stretch[];
  /** What removes a leaf or a whole mapping, and parents that it leaves empty; nothing where nothing is. */
  unset(path: LeafPath): readonly Stretch[];
}

/** One configuration file format, as text in and text out. `editText` is the way to edit: it checks what the format did. */
export interface Format {
  /** Longer texts are refused: the parsers need up to a few hundred times their size. */
  readonly maxBytes: number;
  /** Throws an `UnreadableText` that holds no content. */
  open(text: string): OpenText;
  /** The path and value as a tree has them once written. Throws an Error that says what the format cannot hold. */
  fit(path: LeafPath, value: Json): readonly [LeafPath, Json];
  /** Throws where a key stands, and is not to go, that some programs take for one of the wanted ones, and others do not. */
  assertDistinct?(text: string, wanted: readonly LeafPath[], going: readonly LeafPath[]): void;
}

/** A text that is not of its format, or breaks a bound. The message names the position, never content. */
export class UnreadableText extends Error {}

export const mebibyte = 1024 * 1024;
export const maxDepth = 100;

/** `line 3, column 5` of an offset. */
export function positionIn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return `line ${before.split('\n').length}, column ${offset - lineStart + 1}`;
}

/** Keys joined with dots; dots and backslashes within a key are escaped with a backslash. */
export const formatPath = (path: LeafPath): string => path.map((key) => key.replace(/[\\.]/g, '\\$&')).join('.');

/** Undoes `formatPath`. */
export function parsePath(text: string): LeafPath {
  const keys: string[] = [];
  let key = '';
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1];
    if (text[i] === '\\' && (next === '.' || next === '\\')) {
      key += next;
      i++;
    } else if (text[i] === '.') {
      keys.push(key);
      key = '';
    } else key += text[i];
  }
  return [...keys, key];
}

/** The value at a path; undefined when nothing is there. */
export function valueAt(tree: Json, path: LeafPath): Json | undefined {
  let value: Json = tree;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key] as Json;
  }
  return value;
}

/** Everything in the tree that is not a mapping with keys, in order. */
export function leavesOf(tree: JsonObject): readonly (readonly [LeafPath, Json])[] {
  const leaves: (readonly [LeafPath, Json])[] = [];
  const walk = (path: LeafPath, value: Json): void => {
    if (isObject(value) && Object.keys(value).length > 0) {
      for (const [key, member] of Object.entries(value)) walk([...path, key], member);
    } else if (path.length > 0) leaves.push([path, value]);
  };
  walk([], tree);
  return leaves;
}

/** The tree within the bounds, with or without a byte order mark. Throws an `UnreadableText`. */
export function readText(format: Format, text: string): JsonObject {
  if (Buffer.byteLength(text) > format.maxBytes) throw new UnreadableText(`larger than ${format.maxBytes / 1024} KiB`);
  if (text.includes('\0')) throw new UnreadableText('holds a NUL character');
  try {
    const { tree } = openText(format, text.replace(/^\uFEFF/, ''));
    assertShallow(tree, 0);
    return tree;
  } catch (error) {
    if (error instanceof RangeError) throw new UnreadableText('nested too deeply');
    throw error;
  }
}

const maxRecent = 4;
const recent: { readonly format: Format; readonly text: string; readonly open: WeakRef<OpenText> }[] = [];

/** The text parsed, or as it was parsed lately: a run reads and edits the same few again and again. Only free memory is used. */
export function openText(format: Format, text: string): OpenText {
  const known = recent.find((one) => one.format === format && one.text === text)?.open.deref();
  if (known) return known;
  const open = format.open(text);
  recent.push({ format, text, open: new WeakRef(open) });
  if (recent.length > maxRecent) recent.shift();
  return open;
}

function assertShallow(value: Json, depth: number): void {
  if (depth > maxDepth) throw new UnreadableText(`nested deeper than ${maxDepth} levels`);
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) assertShallow(member, depth + 1);
}

/** The line break that the text uses. */
export const lineBreakOf = (text: string): '\r\n' | '\n' => (/\r\n/.test(text) ? '\r\n' : '\n');

/** The offset after the next line break from `offset` on. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
}

export const lineStart = (text: string, offset: number): number => (offset <= 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1);

/** The blanks at the start of the line of an offset. */
export const indentAt = (text: string, offset: number): string =>
  /^[ \t]*/.exec(text.slice(lineStart(text, offset), nextLine(text, offset)))![0];

export const isPrefix = (prefix: LeafPath, path: LeafPath): boolean => prefix.every((key, i) => path[i] === key);

/** A value as the mapping that leads to it. */
export const nest = (path: LeafPath, value: Json): Json =>
  path.reduceRight<Json>((inner, key) => Object.fromEntries([[key, inner]]), value);

/** Puts whole lines in at the start of a line, or at the end of a text, which keeps its missing final line break. */
export function insertLines(text: string, offset: number, lines: readonly string[]): Stretch {
  const lineBreak = lineBreakOf(text);
  const block = lines.join(lineBreak);
  const isOpen = offset === text.length && text !== '' && !text.endsWith('\n');
  return { start: offset, end: offset, by: isOpen ? lineBreak + block : block + lineBreak };
}

/** The start of the blank line above, where there is one. */
export function aboveBlankLine(text: string, start: number): number {
  const above = lineStart(text, start - 1);
  return start > 0 && text.slice(above, start).trim() === '' ? above : start;
}

/** Replaces stretches, given in order. Where lines at the end of a text without a final line break go, so does the break before. */
export function replaceAll(text: string, stretches: readonly Stretch[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end, by } of stretches) {
    pieces.push(text.slice(at, start), by);
    at = end;
  }
  const replaced = pieces.join('') + text.slice(at);
  const isOpen = stretches.length > 0 && at === text.length && stretches.at(-1)!.by === '' && !text.endsWith('\n');
  return isOpen ? replaced.replace(/\r?\n$/, '') : replaced;
}
