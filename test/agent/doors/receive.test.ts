import { existsSync, readdirSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { callAgent } from '../../../src/agent/control-client.ts';
import { visitProtocol } from '../../../src/model/visit.ts';
import { openRig, type DoorRig } from '../../support/door-rig.ts';

const never = new AbortController().signal;
const order = { protocol: visitProtocol, action: 'converge', host: 'box', commit: 'a'.repeat(40), branch: 'main', bundle: 0 };
const line = (change: object): string => `${JSON.stringify({ ...order, ...change })}\n`;

/** A request whose body is written by the test. */
function open({ socket }: DoorRig) {
  const headers = { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' };
  const call = request({ socketPath: socket, method: 'POST', path: '/receive', headers, agent: false });
  call.on('error', () => {});
  const answer = async () => {
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return {
      type: response.headers['content-type'],
      lines: (await text(response))
        .trim()
        .split('\n')
        .map((each) => JSON.parse(each) as object),
    };
  };
  return { call, answer };
}

describe('a visit over the control socket', () => {
  it('begins with what the host says of itself', async () => {
    await using rig = await openRig();

    const answer = await callAgent(rig.socket, { method: 'GET', path: '/greeting' }, never);

    expect(answer).toMatchObject({
      status: 200,
      body: { type: 'greeting', protocol: 1, host: 'box', status: { version: '1.2.3' } },
    });
  });

  it('hands on the order with its bundle, and everything that comes of it, while the request is still open', async () => {
    await using rig = await openRig();
    const { call, answer } = open(rig);
    const bundle = Buffer.alloc(3_000_000, 'x');

    call.write(line({ bundle: bundle.length, tags: ['motd'] }));
    call.write(bundle);
    const { type, lines } = await answer();

    expect(type).toBe('application/x-ndjson');
    expect(lines).toMatchObject([{ type: 'finished', report: { outcome: 'converged' } }]);
    expect(rig.port.received).toMatchObject([{ order: { commit: order.commit, tags: ['motd'] } }]);
    expect(rig.port.received[0]?.bundle?.equals(bundle)).toBe(true);
    expect(readdirSync(join(rig.directory, 'visits'))).toEqual([]);
    call.destroy();
  });

  it('may take its time, unlike what comes from elsewhere', async () => {
    await using rig = await openRig();
    const { call, answer } = open(rig);
    call.write(line({}).slice(0, 10));
    const begun = connect(rig.socket);
    begun.write('GET /greeting HTTP/1.1\r\n');
    const elsewhere = connect(rig.number, '127.0.0.1');
    elsewhere.write('GET /healthz HTTP/1.1\r\n');
    expect(await text(elsewhere)).toMatch(/^HTTP\/1.1 408 /u);
    call.end(line({}).slice(10));
    begun.write('host: box\r\nconnection: close\r\n\r\n');

    expect((await answer()).lines).toMatchObject([{ type: 'finished' }]);
    expect(await text(begun)).toMatch(/^HTTP\/1.1 200 /u);
  });

  it('is answered on a connection that stays open for what the operator still sends', async () => {
    await using rig = await openRig();
    const order = line({ commit: 'one' });
    const client = connect(rig.socket).setEncoding('utf8');
    client.write('POST /receive HTTP/1.1\r\nhost: box\r\nconnection: keep-alive\r\n');
    client.write('content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n');
    client.write(`${order.length.toString(16)}\r\n${order}\r\n`);
    let answer = '';
    for await (const part of client.iterator({ destroyOnReturn: false }) as AsyncIterable<string>)
      if ((answer += part).endsWith('\r\n0\r\n\r\n')) break;

    expect(answer).toContain('"declined"');
    expect(answer).not.toMatch(/^connection: close/imu);
    await promisify(client.write.bind(client) as (bytes: string, done: (error?: Error | null) => void) => void)('0\r\n\r\n');
    client.destroy();
  });

  it.each([
    ['garbage', 'push it\n', { exit: 'usage' }],
    [
      'a bundle that is cut',
      `${line({ bundle: 10 })}12345`,
      { exit: 'error', message: 'the bundle was cut: 5 of its 10 bytes came' },
    ],
  ])('of %s is declined', async (_title, sent, told) => {
    await using rig = await openRig();
    const { call, answer } = open(rig);
    call.end(sent);

    expect((await answer()).lines).toMatchObject([{ type: 'declined', ...told }]);
    expect(rig.port.received).toEqual([]);
  });

  it('that fails says why', async () => {
    await using rig = await openRig();
    rig.port.receive = () => Promise.reject(new Error('the disk is gone'));
    const { call, answer } = open(rig);
    call.end(line({}));

    expect((await answer()).lines).toEqual([{ type: 'declined', exit: 'error', message: 'the disk is gone' }]);
  });

  it('that ends early leaves nothing, and what was asked for hears of it', async () => {
    await using rig = await openRig();
    const asked = Promise.withResolvers<AbortSignal>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    rig.port.receive = (_order, _bundle, _tell, gone) => {
      asked.resolve(gone);
      return ended;
    };
    const { call } = open(rig);
    call.end(line({ bundle: 0 }));
    const gone = await asked.promise;
    call.destroy();
    await once(gone, 'abort');
    end();

    expect(gone.reason).toMatchObject({ message: 'the operator has gone' });
  });

  it('is for those who may open the socket: HTTP has no such route', async () => {
    await using rig = await openRig();

    const greeting = await fetch(`${rig.url}/greeting`);
    const pushed = await fetch(`${rig.url}/receive`, { method: 'POST', body: line({}) });

    expect([greeting.status, pushed.status]).toEqual([404, 404]);
    expect(existsSync(join(rig.directory, 'visits'))).toBe(false);
  });

  it('takes nothing but bytes', async () => {
    await using rig = await openRig();

    expect(await callAgent(rig.socket, { method: 'POST', path: '/receive', body: order }, never)).toMatchObject({ status: 415 });
  });
});
