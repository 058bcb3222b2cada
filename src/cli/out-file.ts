import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cliError } from './cli-error.ts';

/** The file that `--out` names can be written, as far as can be told before the work for it is done. Throws a usage error otherwise. */
export function requireOutFile(file: string): void {
  const directory = dirname(resolve(file));
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw cliError('usage', `${file} is a directory`, 'name a file with --out');
  if (!existsSync(directory))
    throw cliError('usage', `no such directory: ${directory}`, 'make it, or name another file with --out');
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw cliError('usage', `${file} cannot be written: ${(error as Error).message}`, 'name another file with --out');
  }
}
