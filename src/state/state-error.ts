import { PassingError } from '../model/passing-error.ts';

/**
 * Thrown when the state cannot be used. Nothing is applied then: an unreadable state must never look like a first run. No revision is to
 * blame for it.
 */
export class StateError extends PassingError {
  /** What to do about it. */
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** SQLite's result codes, as far as they need different help. The lower byte is the kind of error. */
const busy = [5, 6];
const cutShort = [264, 776];
const unreachable = [8, 10, 13, 14];

/** An error of SQLite with the file that it is about and what to do; others, and those that have both already, as they are. */
export function namedError(file: string, error: unknown): unknown {
  const { code, errcode = 0, message } = error as Error & { readonly code?: string; readonly errcode?: number };
  if (code !== 'ERR_SQLITE_ERROR') return error;
  if (busy.includes(errcode & 0xff)) return new StateError(`${file} is in use: ${message}`, 'try again', error);
  if (cutShort.includes(errcode))
    return new StateError(
      `${file} was left in the middle of a write by a run that was killed, and reading it would change it`,
      'run `reconcile` without --check: it takes that run back first',
      error,
    );
  if (unreachable.includes(errcode & 0xff))
    return new StateError(
      `${file} cannot be read or written: ${message}`,
      'see to the space, the rights and the health of its filesystem, then run again',
      error,
    );
  return damaged(file, message, error);
}

/** For a state database whose content cannot be right. */
export const damaged = (file: string, reason: string, cause?: unknown): StateError =>
  new StateError(
    `the state database ${file} cannot be used: ${reason}`,
    'restore it from a backup, or move it away: without a ledger resources are adopted where they match, and without agent.db the next revision is trusted as the first one was',
    cause,
  );

/** The same functions, whose errors name the file that they are about. */
export function naming<T extends object>(file: string, operations: T): T {
  const named = Object.entries(operations).map(([name, operation]: [string, (...values: unknown[]) => unknown]) => [
    name,
    (...values: unknown[]): unknown => {
      try {
        return operation(...values);
      } catch (error) {
        throw namedError(file, error);
      }
    },
  ]);
  return Object.fromEntries(named) as T;
}
