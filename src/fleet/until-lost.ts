import type { Readable } from 'node:stream';
import { ConnectionError } from './connection.ts';

/** What a stream brings. One that is lost before its end rejects with a passing `ConnectionError`. */
export async function* untilLost(stream: Readable): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof ConnectionError) throw error;
    const message = `the connection was lost while it answered: ${(error as Error).message}`;
    throw new ConnectionError('unreachable', message, { isPassing: true });
  }
}
