import { lstatSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { ExitError } from '../../model/exit-error.ts';
import type { DoorServer } from './server.ts';

/** Bytes; the system's limit for the path of a socket, without its closing NUL. */
const longest = 107;

/**
 * Listens at `path`, for this user only. A socket that a killed agent has left is replaced; one at which an agent listens is
 * not, nor is anything else that stands there. Throws then, with what to do.
 */
export async function listenAt(path: string, server: DoorServer): Promise<void> {
  if (Buffer.byteLength(path) > longest)
    throw new ExitError(
      'usage',
      `the path of the control socket is longer than ${longest} bytes: ${path}`,
      'use a shorter state directory',
    );
  await removeStale(path);
  // Fastify closes only what it has opened itself.
  server.addHook('onClose', async () => {
    server.server.closeAllConnections();
    if (server.server.listening) await once(server.server.close(), 'close');
  });
  await server.ready();
  // The file is made while `listen` is called, and must never be there with another mode.
  const before = process.umask(0o177);
  try {
    server.server.listen({ path });
  } finally {
    process.umask(before);
  }
  await once(server.server, 'listening');
}

async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isSocket()) throw new ExitError('usage', `${path} is there and is not a socket`, 'look what it is, and move it away');
  if (await isListening(path))
    throw new ExitError('usage', `another agent listens at ${path}`, 'systemctl status timmy-reconciler');
  rmSync(path);
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(5_000) });
    return true;
  } catch (error) {
    // Nobody has it open. Whatever else happens, somebody may.
    return !['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    socket.destroy();
  }
}
