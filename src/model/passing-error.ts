import { isObject } from './json.ts';

/**
 * A failure that is not the revision's: a network that is down, a server out of order, a lock that somebody holds. The run is taken
 * back, and the same revision is tried again.
 */
export class PassingError extends Error {}

/** A failure, and whether it is such a one. */
export const makeFailure = (message: string, isPassing: boolean): Error => new (isPassing ? PassingError : Error)(message);

/**
 * What the system says where it has too little of something, or a disk is out of order: room, quota (which Node has no name for, or
 * calls UNKNOWN), open files, memory, processes.
 */
const scarce = new Set([
  'ENOSPC',
  'Unknown system error -122',
  'UNKNOWN',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'EIO',
  'EROFS',
]);

/** UV_UNKNOWN, without a code: all that `rmSync` says of a disk. */
const unknown = -4094;

/**
 * The same as SQLite says it, and that somebody has the database, by the lower byte of https://sqlite.org/rescode.html. One that cannot be
 * opened for writing it opens for reading (8), whatever was the reason.
 */
const scarceInSqlite = new Set([5, 6, 7, 8, 10, 13, 14]);

/** Whether an error, or what caused it, is such a failure. */
export function isPassing(error: unknown): boolean {
  for (let each = error; isObject(each); each = each['cause'])
    if (
      each instanceof PassingError ||
      scarce.has(String(each['code'])) ||
      each['errno'] === unknown ||
      scarceInSqlite.has(Number(each['errcode']) & 0xff)
    )
      return true;
  return false;
}
