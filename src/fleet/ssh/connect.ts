import type { Connect } from '../connection.ts';
import { openRoutes, type RouteOptions } from './routes.ts';
import { sshConnection } from './ssh-connection.ts';

/**
 * Makes the one way in which this program reaches hosts: SSH as the operator's own configuration has it, over connections of this
 * process. Host keys, those of jump hosts too, must be known ones, whatever `StrictHostKeyChecking` says. To be closed at the end of the
 * command: until then it holds the connections to jump hosts.
 */
export async function openSshConnect(signal: AbortSignal, options: RouteOptions): Promise<Connect & AsyncDisposable> {
  const routes = openRoutes(signal, options);
  const connect: Connect = async (target, stop) => {
    const route = await routes.find(target);
    return sshConnection(target, await routes.open(route, stop), route.settings.user);
  };
  return Object.assign(connect, { [Symbol.asyncDispose]: () => routes[Symbol.asyncDispose]() });
}
