import { accessSync, constants, existsSync, lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { cliError } from './cli-error.ts';

/** The file that `--out` names can be written, as far as can be told before the work for it is done. Throws a usage error otherwise. */
export function requireOutFile(file: string): void {
  const directory = dirname(resolve(file));
  const hint = 'name another file with --out';
  if (!existsSync(directory)) throw cliError('usage', `no such directory: ${directory}`, `make it, or ${hint}`);
  const fault = faultOf(file, directory);
  if (fault !== undefined) throw cliError('usage', `${file} ${fault}`, hint);
}

function faultOf(file: string, directory: string): string | undefined {
  try {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory()) return 'is a directory';
    if (found?.isSymbolicLink()) return 'is a link, which would be replaced';
    if (found && !found.isFile()) return 'is no regular file';
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `cannot be written: ${(error as Error).message}`;
  }
}

/**
 * Puts a text in its place at once; what stood there stays when that fails. Diffs can show what only the owner of the targets may
 * read: a file that stands there could be open to others, and its mode is not kept. Staged under a name that the source reader skips.
 */
export function writeOutFile(file: string, text: string): void {
  const staged = join(dirname(resolve(file)), `.agent-${randomBytes(8).toString('hex')}`);
  try {
    writeFileSync(staged, text, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(staged, file);
  } catch (error) {
    rmSync(staged, { force: true });
    throw cliError(
      'error',
      `${file} cannot be written: ${(error as Error).message}`,
      'make room, or name another file with --out',
    );
  }
}
