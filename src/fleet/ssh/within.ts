import type { ConnectionError } from '../connection.ts';

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
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(slow), timeout);
  const onGone = (): void => reject(gone.reason as Error);
  const onAbort = (): void => reject(signal!.reason as Error);
  if (gone.aborted) onGone();
  if (signal?.aborted) onAbort();
  gone.addEventListener('abort', onGone, { once: true });
  signal?.addEventListener('abort', onAbort, { once: true });
  let isLate = false;
  work.then((result) => isLate && late?.(result)).catch(() => {});
  try {
    return await Promise.race([work, promise]);
  } finally {
    isLate = true;
    clearTimeout(timer);
    gone.removeEventListener('abort', onGone);
    signal?.removeEventListener('abort', onAbort);
  }
}
