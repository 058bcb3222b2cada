import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Listening {
  readonly port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Has a server listen, on the loopback unless told, at a port of its own. Its end is that of all its connections. */
export async function listen(server: Server, address = '127.0.0.1'): Promise<Listening> {
  await once(server.listen(0, address), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
