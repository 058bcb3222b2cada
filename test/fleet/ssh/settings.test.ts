import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSettings, type SshSettings } from '../../../src/fleet/ssh/settings.ts';
import { rejection } from '../../support/ssh-operator.ts';
import { whyNoSsh } from '../../support/ssh-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const destination = (address: string, more: object = {}) => ({
  address,
  port: undefined,
  user: undefined,
  identity: undefined,
  sshOptions: [],
  ...more,
});

/** A person with this configuration, and how often `ssh` was started for them. */
function person(config: string, files: Readonly<Record<string, string>> = {}) {
  const directory = temporaryDirectory();
  const programs = join(directory.path, 'bin');
  const log = join(directory.path, 'log');
  mkdirSync(programs);
  mkdirSync(join(directory.path, '.ssh'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory.path, '.ssh', name), text);
  writeFileSync(join(directory.path, 'config'), config.replaceAll('HOME', directory.path));
  writeFileSync(join(programs, 'ssh'), `#!/bin/sh\necho "$*" >>${log}\nPATH=/usr/bin:/bin\nexec ssh "$@"\n`);
  chmodSync(join(programs, 'ssh'), 0o755);
  const settings = openSettings({
    home: directory.path,
    account: 'me',
    configFile: join(directory.path, 'config'),
    environment: { PATH: `${programs}${delimiter}/usr/bin:/bin`, SSH_AUTH_SOCK: '/run/agent' },
  });
  return {
    path: directory.path,
    settings,
    calls: (): readonly string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

describe.skipIf(whyNoSsh !== undefined)(`the user's configuration${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  it('says where a host is, who goes there, with what, and through whom', async () => {
    using me = person(
      'Host web1\nHostName 192.0.2.7\nPort 2222\nUser deploy\nIdentityFile %d/.ssh/%h-%r\nIdentitiesOnly yes\nProxyJump a,b\n' +
        'UserKnownHostsFile ~/.ssh/one HOME/two\nHostKeyAlias alias\nConnectTimeout 3\nServerAliveInterval 7\nServerAliveCountMax 2\nHashKnownHosts yes\nBatchMode yes\n',
    );

    expect(await me.settings(destination('web1'))).toMatchObject({
      hostname: '192.0.2.7',
      port: 2222,
      user: 'deploy',
      identityFiles: [`${me.path}/.ssh/192.0.2.7-deploy`],
      identitiesOnly: true,
      agent: '/run/agent',
      proxyJump: 'a,b',
      hostKeyAlias: 'alias',
      connectTimeout: 3000,
      keepaliveInterval: 7000,
      keepaliveCount: 2,
      hashKnownHosts: true,
      mayAsk: false,
    } satisfies Partial<SshSettings>);
  });

  it('what the inventory says stands above it', async () => {
    using me = person('Host *\nPort 2222\nUser deploy\nIdentityFile ~/x\nConnectTimeout 3\n');
    const said = await me.settings(
      destination('web1', { port: 23, user: 'root', identity: '/keys/my key', sshOptions: ['-o', 'ConnectTimeout=4'] }),
    );

    expect(said).toMatchObject({ port: 23, user: 'root', connectTimeout: 4000 });
    expect(said.identityFiles[0]).toBe('/keys/my key');
  });

  it.each(['', 'BatchMode yes\n'])('where %j is said, waits are short and lost connections are found soon', async (config) => {
    using me = person(config);

    expect(await me.settings(destination('WEB1.example'))).toMatchObject({
      hostname: 'web1.example',
      port: 22,
      connectTimeout: 10_000,
      keepaliveInterval: 5_000,
      keepaliveCount: 3,
      identitiesOnly: false,
      proxyJump: undefined,
      mayAsk: config === '',
    });
  });

  it.each([
    ['IdentityAgent none', undefined],
    ['IdentityAgent SSH_AUTH_SOCK', '/run/agent'],
    ['IdentityAgent /other/agent', '/other/agent'],
  ])('%s names the agent', async (line, agent) => {
    using me = person(`${line}\n`);

    expect((await me.settings(destination('a'))).agent).toBe(agent);
  });

  it('hosts of which it says the same cost one process', async () => {
    using me = person('Host web* !web3\nPort 2222\nHost db*\nPort 2223\nHost *\nControlPath /tmp/%r@%h\n');
    const names = ['web1', 'web2', 'web3', 'web4', 'db1', 'db2', 'other', 'another'];
    const ports = await Promise.all(names.map(async (name) => (await me.settings(destination(name))).port));
    const hostnames = await Promise.all(names.map(async (name) => (await me.settings(destination(name))).hostname));

    expect(ports).toEqual([2222, 2222, 22, 2222, 2223, 2223, 22, 22]);
    expect(hostnames).toEqual(names);
    expect(me.calls()).toHaveLength(3);
  });

  it.each([
    ['Match host web1\nPort 2222\n'],
    ['Match exec "test %h = web1"\nPort 2222\n'],
    ['Host web1\nHostName web1.example\nPort 2222\nHost web2\nHostName %h.example\n'],
    ['Include more\n'],
    ['CanonicalizeHostname no\nHost web1\nPort 2222\n'],
  ])('hosts of which it may say something else are asked about one by one: %j', async (config) => {
    using me = person(config.replace('more', 'HOME/.ssh/more'), { more: 'Match host web1\nPort 2222\n' });
    const names = ['web1', 'web2', 'web3'];
    const ports = await Promise.all(names.map(async (name) => (await me.settings(destination(name))).port));

    expect(ports).toEqual([2222, 22, 22].map((port, index) => (config.includes('%h.example') && index === 0 ? 2222 : port)));
    expect(me.calls().length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['Include more', 2],
    ['Include ~/.ssh/m*', 2],
    ['Include "HOME/.ssh/none of these" HOME/.ssh/more', 2],
    ['Include ~root/none', 3],
    ['Include ${SOMEWHERE}/more', 3],
    ['Host web2\nInclude ~root/none', 2],
  ])(
    '%s: hosts of which a file says something else are asked about apart, where it is not known which file: one by one',
    async (line, calls) => {
      using me = person(`${line}\n`, { more: 'Host web1\nPort 2222\n' });
      for (const name of ['web1', 'web2', 'web3']) await me.settings(destination(name));

      expect(me.calls()).toHaveLength(calls);
    },
  );

  it('a name is never an option', async () => {
    using me = person('');
    await rejection(me.settings(destination('-oProxyCommand=touch x')));

    expect(me.calls()[0]).toMatch(/ -- -oProxyCommand=touch x$/);
  });

  it('a configuration that ssh refuses is told with what it says', async () => {
    using me = person('Host other\nNonsense yes\n');
    const [first, second] = await Promise.all(['web1', 'web2'].map((name) => rejection(me.settings(destination(name)))));

    expect(first).toMatchObject({
      absence: 'unreachable',
      message: expect.stringMatching(
        /^ssh does not accept its configuration: .*config.*(?:Nonsense|Bad configuration)/i,
      ) as string,
      hint: expect.not.stringContaining('web1') as string,
    });
    expect([second, me.calls().length]).toEqual([first, 1]);
  });

  it('is asked for again where ssh could not be started', async () => {
    using me = person('');
    const settings = openSettings({ home: me.path, account: 'me', environment: { PATH: join(me.path, 'bin') } });
    chmodSync(join(me.path, 'bin/ssh'), 0o644);
    await expect(settings(destination('web1'))).rejects.toThrow(/^the fault is on this machine: ssh: not executable/);

    chmodSync(join(me.path, 'bin/ssh'), 0o755);
    expect(await settings(destination('web1'))).toMatchObject({ hostname: 'web1' });
  });
});

describe('without ssh', () => {
  it('its defaults hold', async () => {
    using directory = temporaryDirectory();
    const settings = openSettings({ home: directory.path, account: 'me', environment: { PATH: directory.path } });

    expect(await settings(destination('Web1', { sshOptions: [] }))).toMatchObject({
      hostname: 'web1',
      port: 22,
      user: 'me',
      identityFiles: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => `${directory.path}/.ssh/${name}`),
      knownHostsFiles: [`${directory.path}/.ssh/known_hosts`, '/etc/ssh/ssh_known_hosts'],
    });
  });
});
