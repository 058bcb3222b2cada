import { accessSync, constants, existsSync, lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { replaceFile } from '../source/write-atomically.ts';
import { ExitError } from '../model/exit-error.ts';

/** What `-o` takes elsewhere, and would be the name of a file here. */
const meantOtherwise: ReadonlySet<string> = new Set(['-', 'text', 'json', 'ndjson']);

/** The file that `--out` names can be written, as far as can be told before the work for it is done. Throws a usage error otherwise. */
export function requireOutFile(file: string): void {
  if (meantOtherwise.has(file)) {
    const hint = `it goes to a file, as JSON: --out plan.json, or ./${file} where that is meant`;
    throw new ExitError('usage', `${JSON.stringify(file)} is no name for a plan`, hint);
  }
  const directory = dirname(resolve(file));
  const hint = 'name another file with --out';
  if (!existsSync(directory)) throw new ExitError('usage', `no such directory: ${directory}`, `make it, or ${hint}`);
  const fault = faultOf(file, directory);
  if (fault !== undefined) throw new ExitError('usage', `${file} ${fault}`, hint);
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
 * read: a file that stands there could be open to others, and its mode is not kept.
 */
export function writeOutFile(file: string, text: string): void {
  try {
    replaceFile(file, text, { mode: 0o600 });
  } catch (error) {
    throw new ExitError(
      'error',
      `${file} cannot be written: ${(error as Error).message}`,
      'make room, or name another file with --out',
    );
  }
}
