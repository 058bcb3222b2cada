/**
 * A failure that is not the revision's: a network that is down, a server out of order, a lock that somebody holds. The run is taken
 * back, and the same revision is tried again.
 */
export class PassingError extends Error {}

/** A failure, and whether it is such a one. */
export const makeFailure = (message: string, isPassing: boolean): Error => new (isPassing ? PassingError : Error)(message);

/** Whether an error, or one that caused it, is such a failure. */
export function isPassing(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof PassingError) return true;
  return false;
}
