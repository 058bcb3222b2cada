import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

/**
 * Replaces a file of the working tree at once: readers see the old bytes or the new ones. Staged beside the file, under a
 * name that the source reader skips; durable when it returns. The mode is for new files and kept as given, umask aside.
 */
export function writeAtomically(file: string, bytes: Uint8Array | string, mode: number): void {
  const staged = join(dirname(file), `.agent-${randomBytes(8).toString('hex')}`);
  const descriptor = openSync(staged, 'wx', mode);
  try {
    const content = Buffer.from(bytes as Uint8Array);
    for (let offset = 0; offset < content.length;) offset += writeSync(descriptor, content, offset);
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(staged, file);
  } catch (error) {
    rmSync(staged, { force: true });
    throw error;
  }
  const directory = openSync(dirname(file), 'r');
  fsyncSync(directory);
  closeSync(directory);
}
