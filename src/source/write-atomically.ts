import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../state/durable-file.ts';

/**
 * Replaces a file of the working tree at once: readers see the old bytes or the new ones. Staged beside the file, under a
 * name that the source reader skips; durable when it returns. A file that exists keeps its mode and, where root writes, its
 * owner; a new one gets this mode, whatever the umask, and the owner of its directory.
 */
export function writeAtomically(file: string, bytes: Uint8Array | string, mode: number): void {
  const staged = join(dirname(file), `.agent-${randomBytes(8).toString('hex')}`);
  const before = statSync(file, { throwIfNoEntry: false });
  const { uid, gid } = before ?? statSync(dirname(file));
  const descriptor = openSync(staged, 'wx', 0o600);
  try {
    if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, before ? before.mode & 0o777 : mode);
    const content = Buffer.from(bytes as Uint8Array);
    for (let offset = 0; offset < content.length;) offset += writeSync(descriptor, content, offset);
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(staged, file);
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
  syncDirectory(dirname(file));
}
