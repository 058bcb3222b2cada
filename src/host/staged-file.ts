import { closeSync, constants, fstatSync, lstatSync, openSync, type BigIntStats } from 'node:fs';

/**
 * Which file it is. Who may write in its directory can give its name to another, and the number of a file that is gone can
 * come again: with an owner who is not this user, or with a later birth.
 */
export type StagedIdentity = Pick<BigIntStats, 'dev' | 'ino' | 'uid' | 'birthtimeNs'>;

/** What opening a name says where something else stands there, or nothing. */
const swapped = new Set(['ENOENT', 'ELOOP', 'ENXIO']);

/** Makes a file that is this user's alone, for writing. */
export const createStaged = (real: string): number =>
  openSync(real, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);

/** To be asked when everything is written: some filesystems have the time of the last change for that of the birth. */
export function identityOf(descriptor: number): StagedIdentity {
  const { dev, ino, uid, birthtimeNs } = fstatSync(descriptor, { bigint: true });
  return { dev, ino, uid, birthtimeNs };
}

/** Opens a staged file again, for reading. Throws where the name is another's by now, or not the only one. */
export function openStaged(real: string, { dev, ino, uid, birthtimeNs }: StagedIdentity): number {
  const descriptor = openByName(real);
  const now = fstatSync(descriptor, { bigint: true });
  const isSame = now.dev === dev && now.ino === ino && now.uid === uid && now.birthtimeNs === birthtimeNs;
  if (isSame && now.isFile() && now.nlink === 1n) return descriptor;
  closeSync(descriptor);
  throw strangerError();
}

/** Throws where a name is not that of a staged file that is open. */
export function assertNamed(real: string, { dev, ino }: StagedIdentity): void {
  const now = lstatSync(real, { bigint: true, throwIfNoEntry: false });
  if (now?.dev !== dev || now.ino !== ino) throw strangerError();
}

function openByName(real: string): number {
  try {
    // O_NONBLOCK: a fifo would wait for somebody who writes to it.
    return openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw swapped.has((error as NodeJS.ErrnoException).code ?? '') ? strangerError(error) : error;
  }
}

const strangerError = (cause?: unknown): Error =>
  new Error('somebody who may write in its directory has replaced what this run wrote there', { cause });
