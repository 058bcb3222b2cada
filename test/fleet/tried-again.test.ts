import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { site } from '../support/repository.ts';
import { startSshFleet } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';

/** A port in front of another one, behind which the first connections find nobody. */
async function openDoor(port: number, refused: number): Promise<Server> {
  let met = 0;
  const server = createServer((client: Socket) => {
    if (met++ < refused) return void client.destroy();
    const inner = connect(port, '127.0.0.1');
    client.pipe(inner).pipe(client);
    for (const socket of [client, inner]) socket.on('error', () => void client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

// Through the built program: what a bundler makes of a loop is part of it.
it.skipIf(whyNoSsh !== undefined)('a host whose first connections are lost is pushed to all the same', async () => {
  const doors: Server[] = [];
  await using fleet = await startSshFleet(['a'], async (port) => {
    const door = await openDoor(port, 2);
    doors.push(door);
    return (door.address() as AddressInfo).port;
  });
  fleet.commit({ 'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "one\\n" }\n`) });

  const report = await fleet.report('push');

  expect(report.hosts).toMatchObject([{ host: 'a', verdict: 'converged', attempts: 3 }]);
  expect(fleet.read('a', 'motd')).toBe('one\n');
  for (const door of doors) door.close();
});
