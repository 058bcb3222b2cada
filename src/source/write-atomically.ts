import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../state/durable-file.ts';

/**
 * Replaces a file at once: readers see the old bytes or the new ones. Staged beside the file, under a
 * name that the source reader skips; durable when it returns. A file that exists keeps its mode and, where root writes, its
 * owner; a new one gets this mode, whatever the umask, and the owner of its directory.
 */
export function writeAtomically(file: string, bytes: Uint8Array | string, mode: number): void {
  const before = statSync(file, { throwIfNoEntry: false });
  const { uid, gid } = before ?? statSync(dirname(file));
  replaceFile(file, bytes, {
    mode: before ? before.mode & 0o777 : mode,
    ...(process.getuid?.() === 0 && { owner: { uid, gid } }),
  });
}

interface NewFile {
  readonly mode: number;
  /** Without one it is this user's. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** The same with nothing kept of what stood there. */
export function replaceFile(file: string, bytes: Uint8Array | string, { mode, owner }: NewFile): void {
  const staged = join(dirname(file), `.agent-${randomBytes(8).toString('hex')}`);
  const descriptor = openSync(staged, 'wx', 0o600);
  try {
    try {
      if (owner) fchownSync(descriptor, owner.uid, owner.gid);
      fchmodSync(descriptor, mode);
      writeFileSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(staged, file);
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
  syncDirectory(dirname(file));
}
