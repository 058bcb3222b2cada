import { isObject, type Json, type JsonObject } from '../model/json.ts';
import type { Change } from '../model/plan.ts';
import { decodeUtf8 } from '../model/utf8.ts';
import { formatByName, type FormatName } from './formats/format-by-name.ts';
import { editText, leavesOf, parsePath, readText, valueAt, type LeafPath } from './formats/format.ts';
import type { KeyedFile } from './keyed-file.ts';

/** The keys that `applyKeys` touches for these changes, in its order. */
export const namesOfKeys = ({ format, leaves }: KeyedFile, changes: readonly Change[]): JsonObject => ({
  format,
  keys: changes.filter(({ field, to }) => to === null || Object.hasOwn(leaves, field)).map(({ field }) => field),
});

/** `onto`, with the values that `from` has at these keys, and without those that it lacks. Throws where a text cannot be read or edited. */
export function carryKeys(names: JsonObject, from: Buffer, onto: Buffer): Buffer {
  const format = formatByName[names['format'] as FormatName];
  const paths = (names['keys'] as readonly string[]).map(parsePath);
  const tree = readText(format, textOf(from));
  const set: (readonly [LeafPath, Json])[] = [];
  const unset: LeafPath[] = [];
  for (const path of paths) {
    const value = valueAt(tree, path);
    if (value === undefined) unset.push(path);
    else if (!isObject(value) || Object.keys(value).length === 0) set.push([path, value]);
    // A mapping in which other keys of these stand is not theirs alone.
    else if (!paths.some((other) => other.length > path.length && path.every((key, i) => other[i] === key)))
      set.push(...leavesOf(value).map(([below, leaf]) => [[...path, ...below], leaf] as const));
  }
  for (const [, value] of set) requirePlain(value);
  return Buffer.from(editText(format, textOf(onto), { set, unset }));
}

function textOf(bytes: Buffer): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Error('not UTF-8 text');
  return text;
}

/** What JSON has no form for is read as a text with its tag, and would be written as that text. */
function requirePlain(value: Json): void {
  if (typeof value === 'string' && /^!![a-z]+ /.test(value)) throw new Error('holds a value that cannot be carried');
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) requirePlain(member);
}
