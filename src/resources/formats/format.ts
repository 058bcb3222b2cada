import { canonicalJson, isObject, type Json, type JsonObject } from '../../model/json.ts';

/** The keys that lead to a value, outermost first. Lists are values, so there are no indexes. */
export type LeafPath = readonly string[];

interface Edit {
  readonly set: readonly (readonly [LeafPath, Json])[];
  readonly unset: readonly LeafPath[];
}

/** One configuration file format, as text in and text out. `editText` is the way to use it: it checks what the format did. */
export interface Format {
  /** Longer texts are refused: the parsers need up to a few hundred times their size. */
  readonly maxBytes: number;
  /**
   * The document as a mapping; empty for a text without any key. A scalar that JSON has no form for (a date, a number of
   * more than 53 bits) is a text such as `!!timestamp 2026-01-01`. Throws an `UnreadableText` that holds no content.
   */
  read(text: string): JsonObject;
  /** Gives one leaf its value, or adds it; all other bytes stay. The text must be one that `read` takes. */
  set(text: string, path: LeafPath, value: Json): string;
  /** Removes a leaf or a whole mapping, and parents that it leaves empty; no change where nothing is. */
  unset(text: string, path: LeafPath): string;
  /** The path and value as `read` gives them back once written. Throws an Error that says what the format cannot hold. */
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

/** `read` within the bounds, with or without a byte order mark. Throws an `UnreadableText`. */
export function readText(format: Format, text: string): JsonObject {
  if (Buffer.byteLength(text) > format.maxBytes) throw new UnreadableText(`larger than ${format.maxBytes / 1024} KiB`);
  if (text.includes('\0')) throw new UnreadableText('holds a NUL character');
  try {
    const tree = format.read(text.replace(/^\uFEFF/, ''));
    assertShallow(tree, 0);
    return tree;
  } catch (error) {
    if (error instanceof RangeError) throw new UnreadableText('nested too deeply');
    throw error;
  }
}

function assertShallow(value: Json, depth: number): void {
  if (depth > maxDepth) throw new UnreadableText(`nested deeper than ${maxDepth} levels`);
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) assertShallow(member, depth + 1);
}

/**
 * The text with the edit made, proved by reading it back: set leaves have their values, unset ones are gone, all others are
 * as they were. Throws when that cannot be reached. What already holds is left alone, byte for byte.
 */
export function editText(format: Format, text: string, edit: Edit): string {
  const before = readText(format, text);
  const set = edit.set.filter(([path, value]) => !isEqual(valueAt(before, path), value));
  const unset = edit.unset.filter((path) => valueAt(before, path) !== undefined);
  if (set.length === 0 && unset.length === 0) return text;
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  let edited = text.slice(mark.length);
  for (const path of unset) edited = format.unset(edited, path);
  for (const [path, value] of set) edited = format.set(edited, path, value);
  prove(format, edited, before, { set, unset });
  return mark + edited;
}

const isEqual = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : canonicalJson(a) === canonicalJson(b);

function prove(format: Format, edited: string, before: JsonObject, edit: Edit): void {
  let after: JsonObject;
  try {
    after = readText(format, edited);
  } catch (error) {
    throw new Error(`the edited text would not be readable: ${(error as Error).message}`, { cause: error });
  }
  for (const [path, value] of edit.set) {
    if (!isEqual(valueAt(after, path), value)) throw new Error(`${formatPath(path)} cannot be given its value in this text`);
  }
  for (const path of edit.unset) {
    const isSetBelow = edit.set.some(([other]) => path.every((key, i) => other[i] === key));
    if (!isSetBelow && valueAt(after, path) !== undefined)
      throw new Error(`${formatPath(path)} cannot be removed from this text`);
  }
  const foreign = foreignLeaves(before, edit);
  const left = foreignLeaves(after, edit);
  for (const name of new Set([...foreign.keys(), ...left.keys()])) {
    if (foreign.get(name) !== left.get(name)) throw new Error(`${name} would change too, although nobody asked for it`);
  }
}

/** Leaves that are neither edited, nor below an edited path, nor a value that stood where an edited path needs a mapping. */
function foreignLeaves(tree: JsonObject, edit: Edit): ReadonlyMap<string, string> {
  const edited = new Set<string>();
  const above = new Set<string>();
  for (const path of [...edit.set.map(([path]) => path), ...edit.unset]) {
    edited.add(formatPath(path));
    for (let depth = 1; depth < path.length; depth++) above.add(formatPath(path.slice(0, depth)));
  }
  const leaves = new Map<string, string>();
  for (const [path, value] of leavesOf(tree)) {
    const name = formatPath(path);
    const isWithin = path.some((_key, i) => edited.has(formatPath(path.slice(0, i + 1))));
    if (!isWithin && !above.has(name)) leaves.set(name, canonicalJson(value));
  }
  return leaves;
}

/** The line break that the text uses. */
export const lineBreakOf = (text: string): '\r\n' | '\n' => (/\r\n/.test(text) ? '\r\n' : '\n');

/** The offset after the next line break from `offset` on. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
}

export const lineStart = (text: string, offset: number): number => (offset <= 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1);

/** A value as the mapping that leads to it. */
export const nest = (path: LeafPath, value: Json): Json =>
  path.reduceRight<Json>((inner, key) => Object.fromEntries([[key, inner]]), value);

export const splice = (text: string, start: number, end: number, replacement: string): string =>
  text.slice(0, start) + replacement + text.slice(end);

/** Puts whole lines in at the start of a line, or at the end of a text, which keeps its missing final line break. */
export function insertLines(text: string, offset: number, lines: readonly string[]): string {
  const lineBreak = lineBreakOf(text);
  const block = lines.join(lineBreak);
  if (offset === text.length && text !== '' && !text.endsWith('\n')) return text + lineBreak + block;
  return splice(text, offset, offset, block + lineBreak);
}

/** The start of the blank line above, where there is one. */
export function aboveBlankLine(text: string, start: number): number {
  const above = lineStart(text, start - 1);
  return start > 0 && text.slice(above, start).trim() === '' ? above : start;
}

/** Takes whole lines out; at the end of a text without a final line break, the break before them goes instead. */
export const removeLines = (text: string, start: number, end: number): string => replaceAll(text, [{ start, end, by: '' }]);

/** Replaces stretches, given in order, at once. Lines that go are treated as by `removeLines`. */
export function replaceAll(
  text: string,
  stretches: readonly { readonly start: number; readonly end: number; readonly by: string }[],
): string {
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
