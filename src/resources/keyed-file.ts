import type { Argv, HostReader, PathStat } from '../host/host.ts';
import { isObject, own, type Json, type JsonObject } from '../model/json.ts';
import { isPassing } from '../model/passing-error.ts';
import type { Change, Preview } from '../model/plan.ts';
import type { ProblemCode } from '../model/problem.ts';
import { holdsSecret, sealSecrets, type Secret } from '../model/secret.ts';
import { decodeUtf8 } from '../model/utf8.ts';
import { formatMode, parseMode } from './file-mode.ts';
import { formatByName, type FormatName } from './formats/format-by-name.ts';
import { editText } from './formats/edit-text.ts';
import { formatPath, leavesOf, parsePath, readText, valueAt, type LeafPath } from './formats/format.ts';
import { fingerprint, isHidden, mask, plainOf, show, type LeafValue, type Leaves } from './leaf-value.ts';
import { inWords } from './in-words.ts';
import { listInTheWay } from './list-in-the-way.ts';
import { diffOwners, inspectOwners, ownerIds, type OwnedState } from './ownership.ts';
import type { ApplyContext, InspectContext } from './resource-type.ts';

/** Some keys of a file that others also write. */
export interface KeyedFile {
  readonly path: string;
  readonly format: FormatName;
  readonly leaves: Leaves;
  /** Paths at which nothing may stand. */
  readonly unset: readonly string[];
  /** Leaves that are to go where they still have these values. */
  readonly retire?: Leaves;
  readonly mode?: string;
  readonly owner?: string;
  readonly group?: string;
  readonly validate?: Argv;
}

/** A live value; only its digest where it is a secret, or looks like one. */
type Seen = { readonly value: Json } | { readonly sha256: string };

export type KeyedState =
  | { readonly type: 'absent' }
  | { readonly type: 'unusable'; readonly code: ProblemCode; readonly fault: string; readonly hint?: string }
  | ({
      readonly type: 'file';
      readonly mode: string;
      /** What stands at the paths of `leaves` and `unset`, those that were last applied included. */
      readonly seen: { readonly [path: string]: Seen };
      /** Values that stand where a path needs a mapping. */
      readonly inTheWay: { readonly [path: string]: Seen };
      /** Ours, gone from git, and still as we left them. */
      readonly retired: readonly string[];
      /** Ours, gone from git, but changed by somebody since: theirs now. */
      readonly released: readonly string[];
    } & OwnedState);

type Look = Pick<InspectContext, 'host' | 'last' | 'beside'>;

/** Throws where keys that left git may stand in what cannot be edited. A directory in its place holds none. */
export function inspectKeys(wanted: KeyedFile, context: Look): KeyedState {
  const state = lookAtKeys(wanted, context);
  if (!wanted.retire || state.type !== 'unusable') return state;
  if (context.host.stat(wanted.path)?.type === 'directory') return { type: 'absent' };
  throw new Error(`${wanted.path} ${state.fault}`);
}

/**
 * Three-way: `last` tells which keys are ours, so that those that left git go, and foreign ones are never looked at. A key that a
 * resource `beside` sets has become its own.
 */
function lookAtKeys(wanted: KeyedFile, { host, last, beside = [] }: Look): KeyedState {
  const { path } = wanted;
  const others = beside.map((other) => (other as Partial<KeyedFile>).leaves ?? {});
  const theirs = others.flatMap(Object.keys);
  const contradiction = contradictionOf(wanted, others);
  if (contradiction !== undefined)
    return { type: 'unusable', code: 'duplicate-resource', fault: contradiction, hint: 'drop one of the two' };
  const stat = host.stat(path);
  if (!stat) return { type: 'absent' };
  if (stat.type !== 'file') return { type: 'unusable', code: 'unsafe-target', fault: `is a ${stat.type}, not a regular file` };
  const read = readLive(wanted, host);
  if ('fault' in read) return { type: 'unusable', code: 'unreadable-target', fault: read.fault };
  const { tree } = read;
  const before = ourLast(last);
  const list = listInTheWay(wanted, tree, before.leaves);
  if (list !== undefined) {
    const fault = `cannot be edited by key: ${list} is a list here`;
    return { type: 'unusable', code: 'unreadable-target', fault, hint: `set ${list} whole, with all its items` };
  }
  const wantedPaths = new Set([...Object.keys(wanted.leaves), ...wanted.unset]);
  const above = new Set([...wantedPaths].flatMap(prefixesOf));
  const isCovered = (leaf: string): boolean =>
    above.has(leaf) ||
    [leaf, ...prefixesOf(leaf)].some((prefix) => wantedPaths.has(prefix)) ||
    theirs.some((set) => isAtOrAbove(leaf, set) || isAtOrAbove(set, leaf));
  const dropped = Object.entries({ ...before.leaves, ...wanted.retire }).filter(([leaf]) => !isCovered(leaf));
  const look = (leaf: string, value: Json): Seen =>
    isHidden(leaf, value, own(wanted.leaves, leaf), own(before.leaves, leaf), own(wanted.retire ?? {}, leaf))
      ? { sha256: fingerprint(value) }
      : { value };
  const present = (leaf: string): readonly (readonly [string, Seen])[] => {
    const value = valueAt(tree, parsePath(leaf));
    return value === undefined ? [] : [[leaf, look(leaf, value)]];
  };
  const isOurs = ([leaf, value]: readonly [string, LeafValue]): boolean => {
    const live = valueAt(tree, parsePath(leaf));
    return live !== undefined && fingerprint(live) === fingerprint(value);
  };
  const found = dropped.filter(([leaf]) => valueAt(tree, parsePath(leaf)) !== undefined);
  const paths = new Set([...wantedPaths, ...Object.keys({ ...before.leaves, ...wanted.retire }), ...before.unset]);
  const state: KeyedState = {
    type: 'file',
    mode: formatMode(stat.mode),
    ...inspectOwners(stat, host, wanted),
    seen: Object.fromEntries([...paths].flatMap(present)),
    inTheWay: Object.fromEntries(Object.keys(wanted.leaves).flatMap((leaf) => obstacles(tree, leaf).flatMap(present))),
    retired: found.filter(isOurs).map(([leaf]) => leaf),
    released: found.filter((entry) => !isOurs(entry)).map(([leaf]) => leaf),
  };
  const fault = faultOfEdit(wanted, diffKeys(wanted, state), read.text);
  return fault === undefined
    ? state
    : { type: 'unusable', code: 'unreadable-target', fault: `cannot be edited by key: ${fault}` };
}

/** What two resources want of one key, where both cannot be had. */
function contradictionOf({ leaves, unset }: KeyedFile, others: readonly Leaves[]): string | undefined {
  const above = new Set(others.length === 0 ? [] : Object.keys(leaves).flatMap(prefixesOf));
  for (const theirs of others)
    for (const [set, value] of Object.entries(theirs)) {
      const gone = unset.find((leaf) => isAtOrAbove(leaf, set));
      if (gone !== undefined) return `has ${gone} set by one resource and unset by another`;
      const other = own(leaves, set);
      if (other !== undefined && fingerprint(other) !== fingerprint(value))
        return `has ${set} set to two values by two resources`;
      const both = above.has(set) ? set : prefixesOf(set).find((leaf) => Object.hasOwn(leaves, leaf));
      if (both !== undefined) return `has ${both} set by one resource, and keys below it by another`;
    }
  return undefined;
}

/** So that an edit that cannot be made refuses the run before its first write. */
function faultOfEdit(wanted: KeyedFile, changes: readonly Change[], text: string): string | undefined {
  const going = changes.filter(({ to }) => to === null).map(({ field }) => parsePath(field));
  // Of a name that is set and unset in two spellings, the one that is set counts.
  const paths = [...wanted.unset, ...Object.keys(wanted.leaves)].map(parsePath);
  try {
    formatByName[wanted.format].assertDistinct?.(text, paths, going);
    if (changes.length > 0) editKeys(wanted, changes, text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Pure. The changes name leaves by their paths; `mode`, `owner` and `group` come last. */
export function diffKeys(wanted: KeyedFile, actual: KeyedState): readonly Change[] {
  if (actual.type === 'unusable') return [{ field: 'content', from: `unusable: ${actual.fault}`, to: 'editable' }];
  const seen = actual.type === 'file' ? actual.seen : {};
  const changes: Change[] = [];
  for (const [leaf, value] of Object.entries(wanted.leaves)) {
    const live = own(seen, leaf);
    if (live && digestSeen(live) === fingerprint(value)) continue;
    const isSecret = isHidden(leaf, value) || (live && 'sha256' in live);
    changes.push({
      field: leaf,
      from: live ? showSeen(live) : null,
      to: isSecret ? `sha256:${fingerprint(value)}` : show(value as Json),
      ...(isSecret && { sensitive: true }),
    });
  }
  if (actual.type !== 'file') return changes;
  const above = new Set(Object.keys(wanted.leaves).flatMap(prefixesOf));
  const gone = [...wanted.unset, ...actual.retired.filter((leaf) => !Object.hasOwn(wanted.leaves, leaf))];
  const inTheWay = Object.entries(actual.inTheWay).filter(([leaf]) => above.has(leaf));
  for (const [leaf, live] of [...Object.entries(pick(seen, gone)), ...inTheWay]) {
    changes.push({ field: leaf, from: showSeen(live), to: null, ...('sha256' in live && { sensitive: true }) });
  }
  if (wanted.mode !== undefined && wanted.mode !== actual.mode)
    changes.push({ field: 'mode', from: actual.mode, to: wanted.mode });
  changes.push(...diffOwners(wanted, actual));
  return changes;
}

/** Writes the file once, with all leaves that the changes name; else sets its mode. */
export function applyKeys(wanted: KeyedFile, changes: readonly Change[], { host }: Pick<ApplyContext, 'host'>): void {
  const { path, mode, validate } = wanted;
  const live = readLive(wanted, host);
  if ('fault' in live) throw new Error(`${path} ${live.fault}`);
  const before = live.stat;
  const edited = editKeys(wanted, changes, live.text, (secret) => secret.value());
  // What was to be taken out of it has gone with the file.
  if (!before && edited === live.text) return;
  // One that changes hands is written afresh: who had it may have it open.
  const hasOtherOwner = changes.some(({ field }) => field === 'owner' || field === 'group');
  if (before && edited === live.text && !hasOtherOwner) {
    if (mode !== undefined) host.setMode(path, parseMode(mode));
    return;
  }
  const created = holdsSecret(wanted.leaves) || wanted.format === 'dotenv' ? 0o600 : 0o644;
  host.writeFile(path, Buffer.from(edited), {
    mode: mode === undefined ? (before?.mode ?? created) : parseMode(mode),
    ...(before && host.privileged && { uid: before.uid, gid: before.gid }),
    ...ownerIds(wanted, host),
    ...(validate && { validate }),
    ...(hiddenLeaves(wanted, edited).length > 0 && { sensitive: true }),
  });
}

/** Before and after with secrets masked, ours and those of others; nothing when the text cannot be masked. */
export function previewKeys(
  wanted: KeyedFile,
  changes: readonly Change[],
  { host }: { readonly host: HostReader },
): readonly Preview[] {
  const { path } = wanted;
  const exists = host.stat(path)?.type === 'file';
  const live = readLive(wanted, host);
  if ('fault' in live) return [];
  try {
    const edited = editKeys(wanted, changes, live.text);
    const masked = [live.text, edited].map((text) => Buffer.from(maskText(wanted, text)));
    return edited === live.text ? [] : [{ path, before: exists ? masked[0] : undefined, after: masked[1] }];
  } catch {
    return [];
  }
}

/** The file's text and tree, both empty where there is none, with whose it is; or why it cannot be edited. Throws where the disk fails. */
export function readLive(
  { path, format }: KeyedFile,
  host: HostReader,
): { readonly text: string; readonly tree: JsonObject; readonly stat?: PathStat } | { readonly fault: string } {
  try {
    const file = host.readStanding(path);
    if (!file) return { text: '', tree: {} };
    const text = decodeUtf8(file.bytes);
    if (text === undefined) return { fault: 'cannot be edited by key: not UTF-8 text' };
    return { text, tree: readText(formatByName[format], text), stat: file.stat };
  } catch (error) {
    // A disk that fails says nothing of what is on it.
    if (isPassing(error)) throw error;
    return { fault: `cannot be edited by key: ${(error as Error).message}` };
  }
}

/** The text with the changes made; secrets are masked unless `open` gives them. Throws where the text cannot take them. */
export function editKeys(
  wanted: KeyedFile,
  changes: readonly Change[],
  text: string,
  open: (secret: Secret) => string | number = mask,
): string {
  const fields = new Set(changes.map(({ field }) => field));
  const leaves = Object.entries(wanted.leaves).filter(([leaf]) => fields.has(leaf));
  const set = leaves.map(([leaf, value]) => [parsePath(leaf), plainOf(value, open)] as const);
  const above = new Set(Object.keys(wanted.leaves).flatMap((leaf) => prefixesOf(leaf)));
  const unset = changes.filter(({ field, to }) => to === null && !Object.hasOwn(wanted.leaves, field) && !above.has(field));
  return editText(formatByName[wanted.format], text, { set, unset: unset.map(({ field }) => parsePath(field)) });
}

function maskText(wanted: KeyedFile, text: string): string {
  const set = hiddenLeaves(wanted, text).map(([path, value]) => [path, mask(value)] as const);
  return editText(formatByName[wanted.format], text, { set, unset: [] });
}

/** Secrets in the file, ours and those of others. */
const hiddenLeaves = ({ format, leaves }: KeyedFile, text: string): readonly (readonly [LeafPath, Json])[] =>
  leavesOf(readText(formatByName[format], text)).filter(([path, value]) => {
    const leaf = formatPath(path);
    return isHidden(leaf, value, own(leaves, leaf));
  });

/** What was last applied, as far as it is of this shape. */
function ourLast(last: object | undefined): { readonly leaves: Leaves; readonly unset: readonly string[] } {
  const { leaves, unset } = (last ?? {}) as Partial<KeyedFile>;
  return { leaves: isObject(leaves) ? (sealSecrets(leaves) as Leaves) : {}, unset: Array.isArray(unset) ? unset : [] };
}

/** Proper prefixes of a path, outermost first. */
function prefixesOf(leaf: string): readonly string[] {
  const path: LeafPath = parsePath(leaf);
  return path.slice(1).map((_key, index) => formatPath(path.slice(0, index + 1)));
}

const isAtOrAbove = (above: string, leaf: string): boolean => above === leaf || prefixesOf(leaf).includes(above);

/** What has to become a mapping so that the leaf can stand below it. */
const obstacles = (tree: JsonObject, leaf: string): readonly string[] =>
  prefixesOf(leaf).filter((prefix) => {
    const value = valueAt(tree, parsePath(prefix));
    return value !== undefined && value !== null && !isObject(value);
  });

const digestSeen = (seen: Seen): string => ('sha256' in seen ? seen.sha256 : fingerprint(seen.value));
const showSeen = (seen: Seen): Json => ('sha256' in seen ? `sha256:${seen.sha256}` : show(inWords(seen.value)));

const pick = <T>(from: { readonly [key: string]: T }, keys: readonly string[]): { readonly [key: string]: T } =>
  Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(from, key) ? [[key, from[key]!]] : [])));
