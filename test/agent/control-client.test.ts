import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callAgent } from '../../src/agent/control-client.ts';
import { aReport } from '../support/agent-port.ts';
import { openRig } from '../support/door-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const never = new AbortController().signal;

describe('the client of the control socket', () => {
  it('knows where no agent listens', async () => {
    using directory = temporaryDirectory();

    expect(await callAgent(join(directory.path, 'none.sock'), { method: 'GET', path: '/' }, never)).toBeUndefined();
    expect(await callAgent(join(directory.path, 'no/directory.sock'), { method: 'GET', path: '/' }, never)).toBeUndefined();
  });

  it('stops waiting when its signal ends, and says why', async () => {
    await using rig = await openRig();
    const abort = new AbortController();
    const { trigger } = rig.port;
    rig.port.trigger = (cause) => {
      setImmediate(() => abort.abort(new Error('SIGINT was received')));
      return trigger(cause);
    };

    const answer = callAgent(rig.socket, { method: 'POST', path: '/now', body: { wait: true } }, abort.signal);

    await expect(answer).rejects.toThrow('SIGINT was received');
    rig.port.end(aReport());
  });

  it('does not wait for ever for one that hangs', async () => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'hangs.sock');
    const server = createServer(() => undefined).listen(socket);
    await once(server, 'listening');

    const answer = callAgent(socket, { method: 'GET', path: '/', within: 100 }, never);

    await expect(answer).rejects.toMatchObject({ message: 'the agent is there, but does not answer', exit: 1 });
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['no JSON', 'hello', /is not the agent/],
    ['half an answer', undefined, /aborted/],
  ])('refuses %s', async (_title, text, message) => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'other.sock');
    const server = createServer((_request, response) => {
      if (text !== undefined) return void response.end(text);
      response.writeHead(200, { 'content-length': '10' });
      response.write('{"a"', () => response.destroy());
    }).listen(socket);
    await once(server, 'listening');

    await expect(callAgent(socket, { method: 'GET', path: '/' }, never)).rejects.toThrow(message);
    server.close();
  });

  it('says so when the agent ends before it answers', async () => {
    await using rig = await openRig();
    const asked = Promise.withResolvers<void>();
    const { trigger } = rig.port;
    rig.port.trigger = (cause) => {
      setImmediate(asked.resolve);
      return trigger(cause);
    };

    const answer = callAgent(rig.socket, { method: 'POST', path: '/now', body: { wait: true } }, never);
    const refused = expect(answer).rejects.toMatchObject({ message: 'the agent ended before it answered', exit: 1 });
    await asked.promise;
    await rig.close();

    await refused;
  });
});
