import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runOnHosts } from '../../src/fleet/run-on-hosts.ts';
import { visitHost } from '../../src/fleet/visit.ts';
import type { HostOutcome } from '../../src/model/fleet.ts';
import { localConnection, makeTarget } from '../support/local-connection.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const greeting = JSON.stringify({ type: 'greeting', protocol: 1, version: '0.1.0', host: 'a', commits: [], status: null });
const began = {
  schema: 'reconcile.event/1',
  type: 'run-started',
  ts: '2026-11-21T08:00:00.000Z',
  run: 'r1',
  host: 'a',
  revision: 'x',
};

/** What becomes of a check by an agent that greets and answers like this. */
async function check(
  greet: (to: ServerResponse) => void,
  answer: (to: ServerResponse) => void,
): Promise<HostOutcome | undefined> {
  using directory = temporaryDirectory();
  const socket = join(directory.path, 'socket');
  const agent = createServer(({ url }, response) => (url === '/greeting' ? greet(response) : answer(response))).listen(socket);
  await once(agent, 'listening');
  const order = { action: 'check', host: 'a', commit: 'c'.repeat(40), branch: 'main', tags: [], paranoid: false } as const;
  const [outcome] = await runOnHosts(
    [makeTarget('a')],
    (connection) => visitHost(connection, { order, bundleFor: async () => undefined }, () => undefined),
    {
      connect: async ({ name }) => localConnection(name, { socket }),
      forks: 1,
      timeout: 10_000,
      patience: 0,
      isRepeatable: true,
      emit: () => undefined,
      end: () => undefined,
      signal: new AbortController().signal,
    },
  );
  agent.close();
  return outcome;
}

/** Sends the beginning of an answer and ends the connection. */
const lose =
  (beginning: string) =>
  (to: ServerResponse): void => {
    to.writeHead(200, { 'content-length': 1_000 });
    to.write(beginning, () => to.destroy());
  };

it.each([
  ['greeting', lose('{"type":'), lose('')],
  ['answer', (to: ServerResponse) => void to.end(greeting), lose(`${JSON.stringify(began)}\n`)],
])('an agent whose connection is lost in the middle of its %s is one that can be tried again', async (_what, greet, answer) => {
  expect(await check(greet, answer)).toMatchObject({
    verdict: 'unreachable',
    message: 'the connection was lost while it answered: aborted',
  });
});
