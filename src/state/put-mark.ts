import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeStateDirectory } from './state-directory.ts';

/**
 * Puts what a run leaves for later ones (0600) in place at once. Not durable: after a power cut it may be missing, old or cut short, which
 * whoever reads it has to see. Throws what the filesystem says.
 */
export function putMark(directory: string, name: string, bytes: Uint8Array | string): void {
  makeStateDirectory(directory);
  const staged = join(directory, `${name}.new`);
  rmSync(staged, { force: true });
  writeFileSync(staged, bytes, { mode: 0o600, flag: 'wx' });
  renameSync(staged, join(directory, name));
}
