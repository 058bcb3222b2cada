import { dirname } from 'node:path/posix';
import type { Host, HostReader } from '../host/host.ts';
import { sha256, type JsonObject } from '../model/json.ts';
import type { Journal } from '../state/journal.ts';

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
  | { readonly path: string; readonly was: 'link'; readonly target: string };

/** Undo that a kind captured itself. */
export interface KindUndo {
  readonly kind: string;
  readonly undo: JsonObject;
}

/** Where undo data goes: the journal of one run, with the bytes beside it. */
export interface UndoStore {
  readonly run: string;
  readonly journal: Journal;
}

/** Saves what stands at a path, and which of its parent directories are missing. Bytes go into the store. */
export function capturePath(path: string, host: HostReader, { run, journal }: UndoStore, captured: Set<string>): JsonObject[] {
  const entries: PathUndo[] = [];
  const capture = (each: string): void => {
    if (captured.has(each)) return;
    captured.add(each);
    const stat = host.stat(each);
    if (!stat) {
      if (dirname(each) !== '/') capture(dirname(each));
      entries.push({ path: each, was: 'absent' });
      return;
    }
    // A parent that exists is not ours to restore.
    if (each !== path) return;
    const { type, mode, uid, gid } = stat;
    if (type === 'other') throw new Error(`${each} is a device, fifo or socket; it is not replaced`);
    if (type === 'link') entries.push({ path: each, was: 'link', target: host.readLink(each) ?? '' });
    else if (type === 'directory') entries.push({ path: each, was: 'directory', mode, uid, gid });
    else {
      const bytes = host.readFile(each) ?? Buffer.alloc(0);
      const digest = sha256(bytes);
      journal.putContent(run, digest, bytes);
      entries.push({ path: each, was: 'file', mode, uid, gid, sha256: digest });
    }
  };
  capture(path);
  return entries;
}

/** Whether a journalled entry is about a path; otherwise a kind made it. */
export const isPathUndo = (entry: JsonObject): boolean => typeof entry['path'] === 'string';

export const undonePath = (entry: JsonObject): string | undefined => (isPathUndo(entry) ? String(entry['path']) : undefined);

/** Puts back what `capturePath` saved. Does nothing where it already stands so; works on half-done changes. */
export function restorePath(entry: JsonObject, host: Host, { run, journal }: UndoStore): void {
  const before = entry as unknown as PathUndo;
  const { path } = before;
  const now = host.stat(path);
  if (before.was === 'absent') {
    if (now?.type === 'directory') host.removeDirectory(path);
    else if (now) host.remove(path);
    return;
  }
  if (before.was === 'link') {
    if (now?.type !== 'link' || host.readLink(path) !== before.target) host.link(path, before.target);
    return;
  }
  const { mode, uid, gid } = before;
  if (before.was === 'directory') {
    if (!now) host.makeDirectory(path, { mode, uid, gid });
    else restoreAttributes(path, before, now, host);
    return;
  }
  if (now?.type === 'file' && host.digest(path) === before.sha256) restoreAttributes(path, before, now, host);
  else host.writeFile(path, journal.content(run, before.sha256), { mode, uid, gid });
}

interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

function restoreAttributes(path: string, before: Attributes, now: Attributes, host: Host): void {
  if (before.uid !== now.uid || before.gid !== now.gid) host.setOwner(path, before.uid, before.gid);
  if (before.mode !== now.mode || before.uid !== now.uid) host.setMode(path, before.mode);
}
