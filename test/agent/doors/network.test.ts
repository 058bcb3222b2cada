import { once } from 'node:events';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { openRig, sign, token } from '../../support/door-rig.ts';
import { closed, exchange, openSocket, statusesOf } from '../../support/raw-client.ts';

const push = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'fleet/config' } });
const head = (length: number | string, more = ''): string =>
  `POST /hooks/gitea HTTP/1.1\r\nHost: allegro.example\r\nContent-Type: application/json\r\nX-Gitea-Event: push\r\n` +
  `X-Gitea-Signature: ${sign(push)}\r\nContent-Length: ${length}\r\n${more}\r\n`;

/** What a slow client sends first, and then one byte at a time. */
const slow: readonly (readonly [title: string, first: string])[] = [
  ['nothing', ''],
  ['half of the headers', 'POST /hooks/gitea HTTP/1.1\r\nHost: a\r\nX-A: '],
  ['half of the body', `${head(push.length)}${push.slice(0, 20)}`],
];

describe('1,000 sockets that send', () => {
  it.each(slow)('%s do not delay a good hook beyond 250 ms, and are closed within 4 s', async (_title, first) => {
    await using rig = await openRig();
    const sockets: Socket[] = [];
    const times: number[] = [];
    const deliver = async (): Promise<void> => {
      const [before, work] = [performance.now(), process.cpuUsage()];
      expect((await rig.deliver(push)).status).toBe(202);
      const { user, system } = process.cpuUsage(work);
      // Of the processor, which other programs of this machine do not take; but a hook waits for none of those that are slow.
      times.push((user + system) / 1000);
      expect(performance.now() - before).toBeLessThan(2_000);
    };
    for (let batch = 0; batch < 10; batch++) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => openSocket(rig.number)))));
      for (const socket of sockets.slice(-100)) if (first !== '') socket.write(first);
      await deliver();
    }
    const began = performance.now();
    const drip = setInterval(() => sockets.forEach((socket) => first !== '' && socket.writable && socket.write('x')), 100);
    await deliver();

    await Promise.all(sockets.map((socket) => closed(socket.resume())));
    clearInterval(drip);

    // Four of the eleven may have met a garbage collection.
    expect(times.toSorted((a, b) => b - a)[4]).toBeLessThan(250);
    expect(performance.now() - began).toBeLessThan(5_500);
  });

  it('nothing make room for others at once, above 256', async () => {
    await using rig = await openRig();
    const first = await openSocket(rig.number);
    const isClosed = closed(first.resume());
    const began = performance.now();
    const sockets = await Promise.all(Array.from({ length: 256 }, () => openSocket(rig.number)));

    await isClosed;

    // Sooner than the time limit for headers, 2 s, closes it.
    expect(performance.now() - began).toBeLessThan(1_500);
    for (const socket of sockets) socket.destroy();
  });

  it('nothing do not cost another address the connection on which it is slow', async () => {
    await using rig = await openRig();
    const forge = await openSocket(rig.number, '127.0.0.2');
    forge.write(head(push.length));
    const sockets = await Promise.all(Array.from({ length: 1_000 }, () => openSocket(rig.number)));

    forge.write(push);

    expect(String((await once(forge, 'data'))[0])).toMatch(/^HTTP\/1\.1 202 /);
    for (const socket of [forge, ...sockets]) socket.destroy();
  });

  it('do not end the events of somebody who was let in', async () => {
    await using rig = await openRig();
    const events = await rig.get('/events', token);
    const sockets = await Promise.all(Array.from({ length: 600 }, () => openSocket(rig.number)));

    rig.port.set({ differing: 7 });
    let text = '';
    for await (const chunk of events.body!.pipeThrough(new TextDecoderStream()))
      if ((text += chunk).includes('"differing":7')) break;
    for (const socket of sockets) socket.destroy();

    expect(text).toContain('"differing":7');
  });
});

describe('two requests in one', () => {
  const hidden = 'POST /hooks/gitea HTTP/1.1\r\nHost: a\r\n\r\n';
  const chunked = `5\r\nhello\r\n0\r\n\r\n${hidden}`;
  const start = 'POST /hooks/gitea HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
  const pairs: readonly (readonly [string, string])[] = [
    ['length and chunks', `${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`],
    ['chunks and length', `${start}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${chunked}`],
    ['two lengths', `${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!${hidden}`],
    ['two lengths in one header', `${start}Content-Length: 5, 6\r\n\r\nhello!${hidden}`],
    ['a negative length', `${start}Content-Length: -5\r\n\r\nhello${hidden}`],
    ['a length with a sign', `${start}Content-Length: +5\r\n\r\nhello${hidden}`],
    ['a hexadecimal length', `${start}Content-Length: 0x5\r\n\r\nhello${hidden}`],
    ['a length of 21 digits', `${start}Content-Length: ${'9'.repeat(21)}\r\n\r\nhello${hidden}`],
    ['an unknown transfer encoding', `${start}Transfer-Encoding: xchunked\r\n\r\n${chunked}`],
    ['chunks that are not last', `${start}Transfer-Encoding: chunked, identity\r\n\r\n${chunked}`],
    ['a space before the colon', `${start}Transfer-Encoding : chunked\r\n\r\n${chunked}`],
    ['a folded header', `${start}Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n${chunked}`],
    ['a bare newline in a header', `${start}X-A: b\nContent-Length: 5\r\n\r\nhello${hidden}`],
    ['a bare carriage return', `${start}X-A: b\rTransfer-Encoding: chunked\r\n\r\n${chunked}`],
    ['a NUL in a header', `${start}X-A: b\0\r\nContent-Length: 5\r\n\r\nhello${hidden}`],
    ['a chunk size that is none', `${start}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n${hidden}`],
    ['a chunk larger than it says', `${start}Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n${hidden}`],
    ['another protocol', `POST /hooks/gitea HTTP/9.9\r\nHost: a\r\n\r\n${hidden}`],
    ['no host', `POST /hooks/gitea HTTP/1.1\r\nContent-Length: 0\r\n\r\n`],
    ['no request at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc'],
  ];

  it.each(pairs)('%s are refused, and the second is not answered', async (_title, sent) => {
    await using rig = await openRig();

    const statuses = statusesOf(await exchange(rig.number, Buffer.from(sent, 'latin1')));

    expect(statuses.length).toBeLessThanOrEqual(1);
    expect([400, 401, 413, 415, undefined]).toContain(statuses[0]);
    expect(rig.port.triggers).toEqual([]);
  });

  it('one after the other are answered one by one, up to 100', async () => {
    await using rig = await openRig();
    const one = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';

    const statuses = statusesOf(await exchange(rig.number, one.repeat(150)));

    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
  });
});

describe('a client that', () => {
  it('has sent everything in time is answered by an agent that was busy for longer; what comes slowly behind it is not', async () => {
    await using rig = await openRig();
    const [whole, half] = [await openSocket(rig.number), await openSocket(rig.number)];
    half.write('POST /hooks/gitea HTTP/1.1\r\n');
    // Behind it both connections are the agent's.
    await rig.get('/healthz');
    const answer = once(whole, 'data');
    const refusal = once(half, 'data');

    whole.write(head(push.length) + push);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_600);

    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 202 /);
    expect(String((await refusal)[0])).toMatch(/^HTTP\/1\.1 408 /);
    const next = once(whole, 'data');
    whole.write('POST /hooks/gitea HTTP/1.1\r\n');
    expect(String((await next)[0])).toMatch(/^HTTP\/1\.1 408 /);
    await closed(whole.resume());
  });

  it('closes its half after the request is answered', async () => {
    await using rig = await openRig();
    const socket = await openSocket(rig.number);

    socket.end(head(push.length) + push);

    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 202 /);
    socket.destroy();
  });

  it('sends a request in single bytes is answered', async () => {
    await using rig = await openRig();
    const socket = await openSocket(rig.number);
    socket.setNoDelay(true);
    const answer = once(socket, 'data');
    for (const byte of head(push.length) + push) await new Promise<void>((resolve) => void socket.write(byte, () => resolve()));

    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 202 /);
    socket.destroy();
  });

  it('waits to be told to go on is told', async () => {
    await using rig = await openRig();
    const socket = await openSocket(rig.number);
    socket.write(head(push.length, 'Expect: 100-continue\r\n'));

    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 100 /);
    const answer = once(socket, 'data');
    socket.write(push);
    expect(String((await answer)[0])).toMatch(/^HTTP\/1\.1 202 /);
    socket.destroy();
  });

  it.each([
    ['asks for a tunnel', 'CONNECT allegro.example:22 HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'asks for another protocol',
      'GET /api/v1/status HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    ],
    ['asks for another host', 'GET http://192.0.2.1/api/v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['climbs out of a path', 'GET /hooks/../api/v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['hides a path in codes', 'GET /%61pi/v1/%2e%2e/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['sends codes that are none', 'GET /api/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['sends a name of 7,000 characters', `GET /hooks/${'x'.repeat(7000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
  ])('%s gets nothing', async (_title, sent) => {
    await using rig = await openRig();

    const answer = await exchange(rig.number, sent);

    expect([400, 401, 404, 414, undefined]).toContain(statusesOf(answer)[0]);
    expect(answer).not.toContain('reconcile.status');
  });
});
