import { isObject, type Json, type JsonObject } from '../model/json.ts';
import type { Change } from '../model/plan.ts';
import { decodeUtf8 } from '../model/utf8.ts';
import { formatByName, type FormatName } from './formats/format-by-name.ts';
import { editText } from './formats/edit-text.ts';
import { formatPath, isPrefix, leavesOf, parsePath, readText, valueAt, type Format, type LeafPath } from './formats/format.ts';
import type { KeyedFile } from './keyed-file.ts';
import type { TouchedEntries } from './resource-type.ts';

/** What `applyKeys` touches for these changes, the keys in its order. */
export function touchedKeys({ path, format, leaves }: KeyedFile, changes: readonly Change[]): TouchedEntries {
  const isLeaf = ({ field }: Change): boolean => Object.hasOwn(leaves, field);
  const keys = changes.filter((change) => change.to === null || isLeaf(change)).map(({ field }) => field);
  return { path, names: { format, keys }, isRestricted: changes.some((change) => change.to !== null && !isLeaf(change)) };
}

/**
 * `onto`, with the values that `from` has at these keys, and without those that it lacks. Throws where a text cannot be read or edited,
 * and where a value would take the place of what others keep below the same key.
 */
export function carryKeys(names: JsonObject, from: Buffer, onto: Buffer): Buffer {
  const format = formatByName[names['format'] as FormatName];
  const paths = (names['keys'] as readonly string[]).map(parsePath);
  const [source, target] = [from, onto].map((bytes) => readText(format, textOf(bytes)));
  const set: (readonly [LeafPath, Json])[] = [];
  const unset: LeafPath[] = [];
  for (const path of paths) {
    const value = valueAt(source!, path);
    if (value === undefined) unset.push(path);
    else if (!isObject(value) || Object.keys(value).length === 0) set.push([path, value]);
    // A mapping in which other keys of these stand is not theirs alone.
    else if (!paths.some((other) => other.length > path.length && isPrefix(path, other)))
      set.push(...leavesOf(value).map(([below, leaf]) => [[...path, ...below], leaf] as const));
  }
  for (const [path, value] of set) {
    requirePlain(value);
    const stranger = leavesOf(target!).find(
      ([leaf]) => leaf.length > path.length && isPrefix(path, leaf) && !isOurs(leaf, paths),
    );
    if (stranger) throw new Error(`${formatPath(stranger[0])} of somebody else stands below ${formatPath(path)}`);
  }
  return Buffer.from(withEmptyParents(format, editText(format, textOf(onto), { set, unset }), source!, unset));
}

/** Parents that were there without a key go with the last one that is taken out of them; they come back as they were. */
function withEmptyParents(format: Format, text: string, source: JsonObject, unset: readonly LeafPath[]): string {
  const tree = readText(format, text);
  const set = new Map<string, readonly [LeafPath, Json]>();
  for (const path of unset)
    for (let depth = 1; depth < path.length; depth++) {
      const parent = path.slice(0, depth);
      const value = valueAt(source, parent);
      const isEmpty = value === null || (isObject(value) && Object.keys(value).length === 0);
      if (isEmpty && valueAt(tree, parent) === undefined) set.set(formatPath(parent), [parent, value]);
    }
  return editText(format, text, { set: [...set.values()], unset: [] });
}

const isOurs = (leaf: LeafPath, paths: readonly LeafPath[]): boolean =>
  paths.some((path) => path.length === leaf.length && isPrefix(path, leaf));

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
