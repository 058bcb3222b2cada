import { closeSync, openSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { longestOrder, readOrder, type Declined, type Order } from '../model/visit.ts';

/** What an operator sends, read from the front. */
interface VisitInput {
  readOrder(): Promise<Order | Declined>;
  /** Puts the bundle behind the order into a file of this directory; undefined where there is none. */
  readBundle(order: Order, directory: string): Promise<{ readonly path: string } | Declined | undefined>;
}

/** How long the operator may take to make a bundle, and to send more of it. Milliseconds. */
const longestThought = 600_000;
const longestPause = 60_000;
/** The bundle, its objects in the mirror, and the files that are kept of it. */
const spaceFactor = 3;
const spaceBesides = 16 * 1024 * 1024;

/** Reads no further than the bundle goes, so that nobody has to close `stream`. */
export function openVisitInput(stream: Readable, signal: AbortSignal): VisitInput {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.of();
  const more = async (limit: number): Promise<boolean> => {
    const { value, done } = await within(chunks.next(), limit, signal);
    if (done !== true) rest = rest.length === 0 ? value : Buffer.concat([rest, value]);
    return done !== true;
  };
  return {
    async readOrder() {
      let end = rest.indexOf(10);
      while (end < 0 && rest.length <= longestOrder && (await more(longestThought))) end = rest.indexOf(10);
      if (end < 0 && rest.length === 0) return declined('usage', 'no order came', 'it is what reconcile fleet sends');
      if (end < 0 || end > longestOrder)
        return declined(
          'usage',
          `what came is no order: no line of at most ${longestOrder} bytes`,
          'it is what reconcile fleet sends',
        );
      try {
        const order = readOrder(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
        return order;
      } catch (error) {
        return declined('usage', `what came is no order: ${(error as Error).message}`, 'compare the versions of both programs');
      }
    },
    async readBundle({ bundle }, directory) {
      if (bundle === 0) return undefined;
      const { bavail, bsize } = statfsSync(directory);
      const [free, needed] = [bavail * bsize, bundle * spaceFactor + spaceBesides];
      if (free < needed)
        return declined(
          'error',
          `a bundle of ${bundle} bytes needs ${needed} in ${directory}, and ${free} are free`,
          'make room',
        );
      const path = join(directory, 'bundle');
      const descriptor = openSync(path, 'wx', 0o600);
      try {
        for (let left = bundle; left > 0;) {
          if (rest.length === 0 && !(await more(longestPause)))
            return declined('error', `the bundle was cut: ${bundle - left} of its ${bundle} bytes came`, 'push again');
          const part = rest.subarray(0, left);
          writeFileSync(descriptor, part);
          left -= part.length;
          rest = rest.subarray(part.length);
        }
        return { path };
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

const declined = (exit: Declined['exit'], message: string, hint: string): Declined => ({ type: 'declined', exit, message, hint });

/** Rejects when `limit` milliseconds have passed, or with the reason of the signal. */
async function within<T>(promise: Promise<T>, limit: number, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nothing came for ${limit / 1000} s`)), limit);
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
