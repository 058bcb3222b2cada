import type { ConnectionError } from '../connection.ts';
import { untilAborted } from '../until-aborted.ts';

interface Bounds<T> {
  readonly timeout: number;
  readonly gone: AbortSignal;
  readonly slow: ConnectionError;
  readonly signal?: AbortSignal;
  /** What to do with a result that comes after its time. */
  readonly late?: (result: T) => void;
}

/** What is asked of a connection, or why it does not come: too slow, the connection is gone, or nobody waits for it any more. */
export async function within<T>(work: Promise<T>, { timeout, gone, slow, signal, late }: Bounds<T>): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(slow), timeout);
  let isLate = false;
  work.then((result) => isLate && late?.(result)).catch(() => {});
  try {
    return await untilAborted(work, AbortSignal.any([gone, ...(signal ? [signal] : []), over.signal]));
  } finally {
    isLate = true;
    clearTimeout(timer);
  }
}
