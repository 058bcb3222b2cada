import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sign } from '../../support/door-rig.ts';
import { exchange, openSocket } from '../../support/raw-client.ts';

const push = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'fleet/config' } });
const request = (body: string): string =>
  `POST /hooks/gitea HTTP/1.1\r\nHost: allegro.example\r\nContent-Type: application/json\r\nX-Gitea-Event: push\r\n` +
  `X-Gitea-Signature: ${sign(body)}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;

const count = process.env['LONG'] === '1' ? 100_000 : 2_000;
const seed = Number(process.env['SEED'] ?? 20_261_120);

it(`${count} requests with noise in them leave the process, its descriptors and its memory as they were, and no good hook is lost (seed ${seed})`, async () => {
  const child = fork(new URL('../../support/door-process.ts', import.meta.url), { execArgv: ['--expose-gc'] });
  interface Told {
    readonly number: number;
    /** What is not garbage. */
    readonly bytes: number;
  }
  const [{ number }] = (await once(child, 'message')) as [Told];
  const held = async () => {
    child.send('tell');
    const [{ bytes }] = (await once(child, 'message')) as [Told];
    return { bytes, descriptors: descriptors() };
  };
  const descriptors = (): number => readdirSync(`/proc/${child.pid}/fd`).length;

  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const mutated = (): Buffer => {
    const bytes = Buffer.from(request(push));
    for (let change = random(6) + 1; change > 0; change--) bytes[random(bytes.length)] = random(256);
    return random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
  };
  const noise = async (): Promise<void> => {
    const socket = await openSocket(number);
    socket.resume().end(mutated());
    if (!socket.closed) await once(socket, 'close');
  };
  const round = async (name: number): Promise<void> => {
    await Promise.all(Array.from({ length: 50 }, noise));
    const good = push.replace('a'.repeat(40), name.toString(16).padStart(40, '0'));
    expect(await exchange(number, request(good)), `after round ${name}`).toMatch(/^HTTP\/1\.1 202 /);
  };
  for (let warm = 1; warm <= 40; warm++) await round(warm);
  const before = await held();

  for (let sent = 0; sent < count; sent += 50) await round(1_000 + sent);

  while (descriptors() > before.descriptors) await exchange(number, request(push));
  expect((await held()).bytes - before.bytes).toBeLessThan(3_000_000);
  expect(child.exitCode).toBeNull();
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
}, 600_000);
