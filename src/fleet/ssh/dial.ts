import { connect, type Socket } from 'node:net';
import { ConnectionError } from '../connection.ts';
import { ownFaultOf } from '../own-fault.ts';
import { untilAborted } from '../until-aborted.ts';

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ETIMEDOUT: 'does not answer',
  ECONNRESET: 'ended the connection',
  EAI_AGAIN: 'has a name that cannot be looked up at the moment',
  ENOTFOUND: 'has a name that nobody knows',
};

/** Opens a TCP connection that sends at once what it is given; SSH's small messages would wait 40 ms for each other otherwise. */
export async function dial(hostname: string, port: number, timeout: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: hostname, port, noDelay: true });
  const place = `${hostname} port ${port}`;
  const timer = setTimeout(
    () => reject(new ConnectionError('unreachable', `${place} does not answer within ${timeout / 1000} s`, { isPassing: true })),
    timeout,
  );
  socket.once('connect', resolve);
  socket.once('error', (error: NodeJS.ErrnoException) => {
    const { code = 'unknown error' } = error;
    const message = `${place} ${meanings[code] ?? `cannot be reached (${code})`}`;
    const hint = code === 'ENOTFOUND' ? 'ansible_host of the inventory says where it is' : undefined;
    reject(
      ownFaultOf(error) ??
        new ConnectionError('unreachable', message, { ...(hint !== undefined && { hint }), isPassing: code !== 'ENOTFOUND' }),
    );
  });
  try {
    await untilAborted(promise, signal);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
