import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const kept = new WeakSet<Socket>();

/** Somebody who was let in keeps this connection open on purpose; it does not have to make room. */
export const keepOpen = (socket: Socket): void => void kept.add(socket);

/** Nothing moves on a connection whose answer is still being made: it is not idle for that. */
export async function whileMade<T>(socket: Socket, make: () => Promise<T>): Promise<T> {
  const { timeout = 0 } = socket;
  socket.setTimeout(0);
  try {
    return await make();
  } finally {
    socket.setTimeout(timeout);
  }
}

/**
 * Holds at most `most` connections. For a new one, the address that has the most of them gives up the one that has gone longest
 * without finishing a request. Turning the new one away instead, as `maxConnections` does, would let slow clients lock out a forge
 * that delivers only once.
 */
export function boundConnections(server: Server, most: number): void {
  const waiting = new Set<Socket>();
  server.on('connection', (socket) => {
    waiting.add(socket);
    socket.once('close', () => waiting.delete(socket));
    if (waiting.size <= most) return;
    const crowded = commonest([...waiting].filter((each) => !kept.has(each)).map(({ remoteAddress }) => remoteAddress));
    const oldest = waiting.values().find((each) => !kept.has(each) && each.remoteAddress === crowded);
    if (oldest) waiting.delete(oldest);
    oldest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    response.once('finish', () => {
      if (waiting.delete(socket)) waiting.add(socket);
    });
  });
}

function commonest<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce<[T | undefined, number]>((best, each) => (each[1] > best[1] ? each : best), [undefined, 0])[0];
}
