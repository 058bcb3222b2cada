import { readPrivateFile } from '../../source/private-file.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { DoorLog } from './server.ts';

/** Bytes. A shorter one could be guessed; `openssl rand -hex 32` makes 64. */
const shortest = 32;

/** The secret of a file of one line, without the newline that editors add. Throws for a file that is refused and a secret that is too short. */
export function readSecret(file: string, purpose: string): Buffer {
  const recipe = `write it: (umask 077; openssl rand -hex 32 > ${file})`;
  const read = readPrivateFile(file, purpose);
  if ('refused' in read) throw new ExitError('usage', read.refused, read.isMissing ? recipe : read.hint);
  const secret = read.bytes;
  const end = secret.at(-1) !== 10 ? secret.length : secret.at(-2) === 13 ? secret.length - 2 : secret.length - 1;
  if (end < shortest)
    throw new ExitError('usage', `the ${purpose} ${file} has ${end} bytes; it needs at least ${shortest}`, recipe);
  return secret.subarray(0, end);
}

/**
 * Reads the secret with each use, so that one that is replaced counts at once. While the file cannot be used the last good one does,
 * and the log is told why, once. Throws for one that cannot be used to begin with.
 */
export function openSecret(file: string, purpose: string, log: DoorLog): () => Buffer {
  let good = readSecret(file, purpose);
  let told: string | undefined;
  return () => {
    try {
      good = readSecret(file, purpose);
      told = undefined;
    } catch (error) {
      const { message, hint } = error as Error & { readonly hint?: string };
      const help = hint === undefined ? '' : `; ${hint}`;
      if (message !== told) log.warn({}, `${message}; the one before still counts${help}`);
      told = message;
    }
    return good;
  };
}
