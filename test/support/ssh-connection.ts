import type { Connection } from '../../src/fleet/connection.ts';
import { openOperator } from './ssh-operator.ts';
import { startSshServer, type SshServer } from './ssh-server.ts';

/** A server, an operator who knows its key, and a connection between them. */
export interface SshPair extends AsyncDisposable {
  readonly server: SshServer;
  readonly connection: Connection;
  /** One more connection. */
  another(): Promise<Connection>;
}

export async function openSshPair(): Promise<SshPair> {
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(await startSshServer());
  const operator = cleanup.use(await openOperator({ knownHosts: server.knownHosts }));
  const another = (): Promise<Connection> => operator.connect(server.target(), new AbortController().signal);
  const connection = cleanup.use(await another());
  const scope = cleanup.move();
  return { server, connection, another, [Symbol.asyncDispose]: () => scope.disposeAsync() };
}
