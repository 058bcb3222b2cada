import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { handOver } from '../../src/agent/hand-over.ts';
import { aStatus } from '../support/agent-port.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it.each([
  ['its words', 503, '{"error":"state.db is in use","hint":"try again"}', { message: 'state.db is in use', hint: 'try again' }],
  ['its status', 415, 'no JSON', { message: 'the agent answered with status 415' }],
  ['its status where it says too much', 500, 'x'.repeat(1_000_000), { message: 'the agent answered with status 500' }],
])('an agent that takes no revision is told by %s', async (_what, status, body, told) => {
  using directory = temporaryDirectory();
  const socket = join(directory.path, 'agent.sock');
  const greeting = JSON.stringify({ type: 'greeting', protocol: 1, status: aStatus() });
  const server = createServer(({ url }, response) => {
    response.writeHead(url === '/greeting' ? 200 : status).end(url === '/greeting' ? greeting : body);
  });
  await once(server.listen(socket), 'listening');
  const [from, to] = [new PassThrough(), new PassThrough()];
  const said = text(to);
  from.write('an order');

  const exit = await handOver(socket, from, to, new AbortController().signal);

  to.end();
  server.closeAllConnections();
  server.close();
  const lines = (await said).trim().split('\n');
  expect(exit).toBe(1);
  expect(JSON.parse(lines[1]!)).toEqual({ type: 'declined', exit: 'error', ...told });
  expect(lines).toHaveLength(2);
});
