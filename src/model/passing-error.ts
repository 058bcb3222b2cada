import { isObject } from './json.ts';

/**
 * A failure that is not the revision's: a network that is down, a server out of order, a lock that somebody holds. The run is taken
 * back, and the same revision is tried again.
 */
export class PassingError extends Error {}

/** A failure, and whether it is such a one. */
export const makeFailure = (message: string, isPassing: boolean): Error => new (isPassing ? PassingError : Error)(message);

/** What the system says where it has too little of something, or a disk is out of order: room, quota, open files, memory, processes. */
const scarce = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'EROFS']);

/** Whether an error, or what caused it, is such a failure. */
export function isPassing(error: unknown): boolean {
  for (let each = error; isObject(each); each = each['cause'])
    if (each instanceof PassingError || scarce.has(String(each['code']))) return true;
  return false;
}
