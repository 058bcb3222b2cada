import type { Duplex } from 'node:stream';
import { ConnectionError } from '../connection.ts';
import { untilAborted } from '../until-aborted.ts';
import type { KnownHost } from './host-key.ts';
import { algorithmsFor, said } from './open-client.ts';

/**
 * Has the host at the other end of a stream show its key and prove that it holds it, and ends the stream; nothing else is said to it.
 * The one place where an unknown key is no reason to stop. Rejects with a `ConnectionError`.
 */
export async function showHostKey(stream: Duplex, known: KnownHost, timeout: number, signal: AbortSignal): Promise<Buffer> {
  try {
    const { Client } = (await import('ssh2')).default;
    const client = new Client();
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    let shown: Buffer | undefined;
    client.on('handshake', () => resolve(shown!));
    client.on('error', (error) => {
      const message = `${known.name} does not show its key (${said(error.message)})`;
      reject(new ConnectionError('unreachable', message, { isPassing: true }));
    });
    client.on('close', () =>
      reject(new ConnectionError('unreachable', `${known.name} ended the connection`, { isPassing: true })),
    );
    client.connect({
      sock: stream,
      username: 'nobody',
      readyTimeout: timeout,
      algorithms: algorithmsFor(known),
      hostVerifier: (key: Buffer) => {
        shown = key;
        return true;
      },
      authHandler: (_methods, _partly, next) => next(false as never),
    });
    return await untilAborted(promise, signal);
  } finally {
    stream.destroy();
  }
}
