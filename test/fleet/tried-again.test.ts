import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { site } from '../support/repository.ts';
import { startSshFleet, type Operator } from '../support/ssh-fleet.ts';
import { whyNoSsh } from '../support/ssh-server.ts';

const doors: Server[] = [];
const clients = new Set<Socket>();
afterEach(() => {
  for (const door of doors.splice(0)) door.close();
});

/** A port in front of another one, behind which the first connections find nobody. */
async function openDoor(port: number, refused: number): Promise<number> {
  let met = 0;
  const server = createServer((client: Socket) => {
    if (met++ < refused) return void client.destroy();
    clients.add(client.once('close', () => void clients.delete(client)));
    const inner = connect(port, '127.0.0.1');
    client.pipe(inner).pipe(client);
    for (const socket of [client, inner]) socket.on('error', () => void client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  doors.push(server);
  return (server.address() as AddressInfo).port;
}

// Through the built program: what a bundler makes of a loop is part of it.
it.skipIf(whyNoSsh !== undefined)('a host whose first connections are lost is pushed to all the same', async () => {
  await using fleet = await startSshFleet(['a'], (port) => openDoor(port, 2));
  fleet.commit({ 'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "one\\n" }\n`) });

  const report = await fleet.report('push');

  expect(report.hosts).toMatchObject([{ host: 'a', verdict: 'converged', attempts: 3 }]);
  expect(fleet.read('a', 'motd')).toBe('one\n');
});

it.skipIf(whyNoSsh !== undefined)(
  'a host whose connection is lost while it takes a revision back has taken it back',
  async () => {
    await using fleet = await startSshFleet(['a'], (port) => openDoor(port, 0));
    const push = (text: string): Operator => {
      fleet.commit({
        'desired-state/site.yaml': site(`- { kind: file, path: "${fleet.base}/motd", content: "${text}\\n" }\n`),
        'desired-state/rollout.yaml': 'waves:\n  - { name: canary, hosts: a, bake: 1s }\n',
      });
      return fleet.reach('push');
    };
    await push('one').ended;
    const second = push('two');
    await second.event(({ type }) => type === 'baking');
    fleet.edit('a', 'motd', 'somebody else\n');
    await vi.waitUntil(() => fleet.read('a', 'motd') === 'one\n', { timeout: 30_000, interval: 2 });
    for (const client of clients) client.destroy();

    expect((await second.ended).exit).toBe(6);
    expect(second.events.at(-1)).toMatchObject({
      report: { hosts: [{ verdict: 'rolledBack', message: expect.stringMatching(/^taken back: /) as string }] },
    });
  },
);
