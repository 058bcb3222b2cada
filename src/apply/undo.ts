import { dirname } from 'node:path/posix';
import type { Host, HostReader } from '../host/host.ts';
import { sha256, type JsonObject } from '../model/json.ts';
import { largestUndo } from '../model/undo-limit.ts';
import type { Journal } from '../state/journal.ts';
import type { Merge } from './merge-shared.ts';

/** What stood at a path before a run touched it. */
type PathUndo =
  | { readonly path: string; readonly was: 'absent' }
  | {
      readonly path: string;
      readonly was: 'file';
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly sha256: string;
    }
  | { readonly path: string; readonly was: 'directory'; readonly mode: number; readonly uid: number; readonly gid: number }
  | {
      readonly path: string;
      readonly was: 'link';
      readonly target: string;
      /** Absent in journals of older versions. */
      readonly uid?: number;
      readonly gid?: number;
    };

/** Where undo data goes: the journal of one run, with the bytes beside it. */
interface UndoStore {
  readonly run: string;
  readonly journal: Journal;
}

/** Undo data of one resource: what stood at its paths, in the order of capture. */
interface PathsUndo {
  readonly paths: readonly PathUndo[];
}

/** Saves what stands at the paths, and which of their parent directories are missing. Bytes go into the store. */
export function capturePaths(paths: readonly string[], host: HostReader, store: UndoStore, captured: Set<string>): PathsUndo {
  const undos: PathUndo[] = [];
  const captureAbsent = (path: string): void => {
    const parent = dirname(path);
    if (parent !== '/' && !captured.has(parent) && !host.stat(parent)) captureAbsent(parent);
    captured.add(path);
    undos.push({ path, was: 'absent' });
  };
  for (const path of paths) {
    if (captured.has(path)) continue;
    const standing = captureStanding(path, host, store);
    if (!standing) captureAbsent(path);
    else {
      captured.add(path);
      undos.push(standing);
    }
  }
  return { paths: undos };
}

function captureStanding(path: string, host: HostReader, { run, journal }: UndoStore): PathUndo | undefined {
  const stat = host.stat(path);
  if (!stat) return undefined;
  if (stat.type === 'other') throw new Error(`${path} is a device, fifo or socket; it is not replaced`);
  if (stat.type === 'link') {
    const target = host.readLink(path) ?? '';
    // Node puts that for bytes that are not UTF-8.
    if (target.includes('\ufffd')) throw new Error(`${path} is a link to a name that is not UTF-8; it is not replaced`);
    return { path, was: 'link', target, uid: stat.uid, gid: stat.gid };
  }
  if (stat.type === 'directory') return { path, was: 'directory', mode: stat.mode, uid: stat.uid, gid: stat.gid };
  // Whose file it is must be said of the file that was read: the rollback gives one the other's bytes.
  const file = host.readStanding(path, largestUndo);
  if (!file) return undefined;
  const { mode, uid, gid } = file.stat;
  const digest = sha256(file.bytes);
  journal.putContent(run, digest, file.bytes);
  return { path, was: 'file', mode, uid, gid, sha256: digest };
}

/** The undo data of paths in a journalled entry; undefined when a kind made it. */
export const pathsUndo = (entry: JsonObject): PathsUndo | undefined =>
  Array.isArray(entry['paths']) ? (entry as unknown as PathsUndo) : undefined;

/**
 * Puts back what `capturePaths` saved, last first. Does nothing where it already stands so; works on half-done changes. What
 * others have written since into a file of theirs too stays. What cannot be put back is returned, and does not keep the rest from it.
 */
export function restorePaths(
  { paths }: PathsUndo,
  host: Host,
  store: UndoStore,
  merges: ReadonlyMap<string, Merge>,
): readonly string[] {
  const failures: string[] = [];
  for (const before of paths.toReversed())
    try {
      if (!restoreMerged(before, host, store, merges.get(before.path))) restorePath(before, host, store);
    } catch (error) {
      failures.push(about(before.path, error as Error));
    }
  return failures;
}

const about = (path: string, { message }: Error): string => (message.startsWith(`${path}: `) ? message : `${path}: ${message}`);

/**
 * Whether others have written into a file of theirs too; then what they wrote stays. So do mode and owner, unless the run has changed
 * them; and what they wrote is never open to more than it is now.
 */
function restoreMerged(before: PathUndo, host: Host, { run, journal }: UndoStore, merge: Merge | undefined): boolean {
  const { path, was } = before;
  const now = merge && host.stat(path);
  if (now?.type !== 'file' || (was !== 'file' && was !== 'absent')) return false;
  const stood = was === 'file' ? journal.content(run, before.sha256) : undefined;
  let bytes: Buffer | undefined;
  const merged = merge!(stood, () => (bytes = host.readFile(path, largestUndo) ?? Buffer.alloc(0)));
  if (!merged?.bytes) return false;
  const { uid, gid } = was === 'file' && merged.isRestricted ? before : now;
  const mode = was === 'file' && merged.isRestricted ? before.mode & now.mode : now.mode;
  if (!bytes?.equals(merged.bytes) || now.uid !== uid || now.gid !== gid) host.writeFile(path, merged.bytes, { mode, uid, gid });
  else if (now.mode !== mode) host.setMode(path, mode);
  return true;
}

function restorePath(before: PathUndo, host: Host, { run, journal }: UndoStore): void {
  const { path } = before;
  const now = host.stat(path);
  if (before.was === 'absent') {
    if (now?.type === 'directory') host.removeDirectory(path);
    else if (now) host.remove(path);
    return;
  }
  if (before.was === 'link') {
    const { target, uid, gid } = before;
    if (now?.type === 'directory') host.removeDirectory(path);
    const isSame =
      now?.type === 'link' && host.readLink(path) === target && now.uid === (uid ?? now.uid) && now.gid === (gid ?? now.gid);
    if (!isSame) host.link(path, target, { uid, gid });
    return;
  }
  const { mode, uid, gid } = before;
  if (before.was === 'directory') {
    if (now?.type === 'directory') restoreDirectory(path, before, now, host);
    else {
      if (now) host.remove(path);
      host.makeDirectory(path, { mode, uid, gid });
    }
    return;
  }
  if (now?.type === 'directory') host.removeDirectory(path);
  // One that changed hands is written afresh: who had it meanwhile may have it open.
  const isOurs = now?.type === 'file' && now.uid === uid && now.gid === gid && host.digest(path) === before.sha256;
  if (isOurs && now.mode === mode) return;
  // A second name that it has got since keeps what the run made of it.
  if (isOurs && now.links === 1) host.setMode(path, mode);
  else host.writeFile(path, journal.content(run, before.sha256), { mode, uid, gid });
}

interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

function restoreDirectory(path: string, before: Attributes, now: Attributes, host: Host): void {
  const hasOtherOwner = before.uid !== now.uid || before.gid !== now.gid;
  if (hasOtherOwner) host.setOwner(path, before.uid, before.gid);
  if (hasOtherOwner || before.mode !== now.mode) host.setMode(path, before.mode);
}
