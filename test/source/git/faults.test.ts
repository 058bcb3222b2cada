import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openChaosProxy, type ChaosProxy, type Fault } from '../../support/chaos-proxy.ts';
import { openGitServer, type GitServer } from '../../support/git-server.ts';
import { never, openFollowRig, textOf, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';
let rig: FollowRig;
let server: GitServer;
let proxy: ChaosProxy;
beforeAll(async () => {
  rig = openFollowRig();
  server = await openGitServer(rig.path);
  proxy = await openChaosProxy(server);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rig[Symbol.dispose]();
});

let count = 0;
const large = (): string => Array.from({ length: 400 }, (_, line) => `${line} ${Math.sin(count + line)}`).join('\n');
const policy = () => ({ urls: [proxy.url('config.git')], timeout: '3s' });

const status = (code: number): Fault => ({ type: 'status', code });
const cases: readonly (readonly [name: string, fault: Fault, message: string, hint: string])[] = [
  ['301', status(301), 'it redirects, which is not followed', 'name the URL'],
  ['401', status(401), 'it asks for a login (401)', 'token_file'],
  ['403', status(403), 'it denies access (403)', 'right to read'],
  ['404', status(404), 'it has no such repository (404)', 'check the URL'],
  ['429', status(429), 'it asks for fewer requests (429)', 'poll less often'],
  ['500', status(500), 'its server fails (500)', 'see to the server'],
  ['502', status(502), 'its server fails (502)', 'see to the server'],
  [
    'a login page',
    { type: 'login' },
    'it lists no branches: it is empty, or no git server but perhaps a login page',
    'check the URL',
  ],
  ['a cut at 1 %', { type: 'cut', part: 0.01 }, 'the connection was cut in the middle', 'see to the server and the network'],
  ['a cut at 50 %', { type: 'cut', part: 0.5 }, 'the connection was cut in the middle', 'see to the server and the network'],
  ['a cut at 99 %', { type: 'cut', part: 0.99 }, 'the connection was cut in the middle', 'see to the server and the network'],
  ['a hang', { type: 'hang' }, 'it did not finish within 3s', 'remote.timeout'],
  ['a drip', { type: 'drip' }, 'it did not finish within 3s', 'remote.timeout'],
];

it.each(cases)(
  '%s has its own message, the last good revision stays, and the next look recovers',
  async (_name, fault, message, hint) => {
    const good = rig.push({ [site]: `good ${(count += 1)}`, 'roles/a/files/large': large() });
    const follower = rig.open(policy());
    await follower.accept((await follower.look(never)).commit!);
    const next = rig.push({ [site]: `next ${count}`, 'roles/a/files/large': large() });
    proxy.fault = fault;

    const look = await follower.look(never);
    proxy.fault = { type: 'none' };

    expect(look).toMatchObject({ state: 'offline', commit: good, seen: null, problem: { code: 'remote-failed' } });
    expect(look.problem!.message).toBe(`${proxy.url('config.git')}: ${look.problem!.message.split(': ').slice(1).join(': ')}`);
    expect(look.problem!.message).toContain(message);
    expect(look.problem!.hint).toContain(hint);
    expect(textOf(look)).toBe(`good ${count}`);
    expect(await follower.look(never)).toMatchObject({ state: 'fetched', commit: next });
  },
);

it.each([
  ['a name that does not resolve', 'https://nowhere.invalid/config.git', 'its name cannot be resolved'],
  ['a port where nobody listens', 'http://127.0.0.1:1/config.git', 'it cannot be reached'],
])('%s has its own message', async (_name, url, message) => {
  const good = rig.push({ [site]: `good ${(count += 1)}` });
  await rig.look(policy());

  const look = await rig.look({ urls: [url], timeout: '3s' });

  expect(look).toMatchObject({ state: 'offline', commit: good });
  expect(look.problem!.message).toContain(`${url}: ${message}`);
});

it('a server that speaks no TLS has its own message', async () => {
  const sockets = new Set<Socket>();
  const plain = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.end('HTTP/1.1 400 no\r\n\r\n');
  });
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');

  const look = await rig.look({ urls: [`https://127.0.0.1:${(plain.address() as AddressInfo).port}/x`], timeout: '3s' });
  for (const socket of sockets) socket.destroy();
  plain.close();

  expect(look.problem!.message).toContain('its TLS certificate cannot be trusted');
});
