import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { openFollowRig, type FollowRig } from './follow-rig.ts';

const sshd = '/usr/sbin/sshd';
// Only root's sshd can open a session for a user whose account is locked or has no password.
const isPossible = existsSync(sshd) && process.getuid?.() === 0;
/** sshd starts only where this is. */
const separation = '/run/sshd';
const site = 'desired-state/site.yaml';

describe.skipIf(!isPossible)('over ssh', () => {
  let rig: FollowRig;
  let server: ChildProcess;
  let port: number;
  const file = (name: string): string => join(rig.path, name);
  const keys = () => ({ ssh_key: file('deploy'), known_hosts: file('known_hosts') });
  const url = () => `ssh://${userInfo().username}@127.0.0.1:${port}${rig.remote}`;

  let isOurs = false;
  beforeAll(async () => {
    rig = openFollowRig();
    isOurs = mkdirSync(separation, { recursive: true, mode: 0o755 }) !== undefined;
    for (const name of ['host', 'deploy', 'stranger'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
    writeFileSync(file('authorized_keys'), `restrict ${readFileSync(file('deploy.pub'), 'utf8')}`, { mode: 0o600 });
    port = await freePort();
    writeFileSync(file('known_hosts'), `[127.0.0.1]:${port} ${readFileSync(file('host.pub'), 'utf8')}`);
    writeFileSync(
      file('sshd_config'),
      `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${file('host')}\nPidFile none\nStrictModes no\nUsePAM no\n` +
        `PermitRootLogin prohibit-password\nAuthorizedKeysFile ${file('authorized_keys')}\n`,
    );
    server = spawn(sshd, ['-D', '-e', '-f', file('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of server.stderr! as AsyncIterable<Buffer>) if (line.includes('Server listening')) break;
  });
  afterAll(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    if (isOurs) rmdirSync(separation);
    rig[Symbol.dispose]();
  });

  it('a deploy key opens the repository', async () => {
    const commit = rig.push({ [site]: 'good' });

    expect(await rig.look({ urls: [url()], ...keys() })).toMatchObject({ state: 'fetched', commit });
  });

  it('a key that is not accepted has its own message', async () => {
    const { problem } = await rig.look({ urls: [url()], ...keys(), ssh_key: file('stranger') });

    expect(problem!.message).toContain('it does not accept the deploy key');
  });

  it('a host key that is another one has its own message', async () => {
    writeFileSync(file('wrong_hosts'), `[127.0.0.1]:${port} ${readFileSync(file('stranger.pub'), 'utf8')}`);

    const { problem } = await rig.look({ urls: [url()], ...keys(), known_hosts: file('wrong_hosts') });

    expect(problem!.message).toContain('its ssh host key is not the one in known_hosts');
  });
});

it('a server that says nothing is left after the time that a fetch may take', async () => {
  using rig = openFollowRig();
  for (const name of ['deploy', 'known_hosts']) writeFileSync(join(rig.path, name), '', { mode: 0o600 });
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const silent = createServer((socket) =>
    socket
      .on('error', () => {})
      .on('close', () => resolve())
      .resume(),
  ).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;

  const { problem } = await rig.look({
    urls: [`ssh://git@127.0.0.1:${port}/config.git`],
    ssh_key: join(rig.path, 'deploy'),
    known_hosts: join(rig.path, 'known_hosts'),
    timeout: '1s',
  });
  // ssh ends with git, and its connection with it.
  await left;
  silent.close();

  expect(problem!.message).toContain('it did not finish within 1s');
});

it.each([
  ['no key is named', {}, 'needs ssh_key (the deploy key) and known_hosts'],
  ['a path holds what a shell would take apart', { ssh_key: '/tmp/x y', known_hosts: '/tmp/z' }, 'may hold letters, digits'],
  ['a path holds a command', { ssh_key: '/tmp/$(id)', known_hosts: '/tmp/z' }, 'may hold letters, digits'],
])('nothing is started where %s', async (_name, policy, message) => {
  using rig = openFollowRig();

  const { problem } = await rig.look({ urls: ['git@git.example:config.git'], ...policy });

  expect(problem).toMatchObject({ code: 'bad-remote', message: expect.stringContaining(message) });
});
