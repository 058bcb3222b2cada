import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { meetHosts, type Meeting } from '../../src/fleet/meet-hosts.ts';
import { openRoutes } from '../../src/fleet/ssh/routes.ts';
import type { Target } from '../../src/model/fleet.ts';
import { freePort } from '../support/free-port.ts';
import { makePublicKey } from '../support/public-key.ts';
import { startSshServer, whyNoSsh, type SshServer } from '../support/ssh-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const never = new AbortController().signal;
const stranger = makePublicKey(99, '').trim();

type Shown = Extract<Meeting, { readonly shown: string }>;

describe.skipIf(whyNoSsh !== undefined)(`meeting hosts${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  let server: SshServer;
  let place: ReturnType<typeof temporaryDirectory>;
  beforeAll(async () => {
    server = await startSshServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    place = temporaryDirectory();
    return () => place[Symbol.dispose]();
  });
  const file = (): string => join(place.path, '.ssh', 'known_hosts');

  async function meet(
    targets: readonly Target[] = [server.target()],
    config: readonly string[] = [],
  ): Promise<readonly Meeting[]> {
    const configFile = join(place.path, 'config');
    writeFileSync(
      configFile,
      [...config, 'Host *', `UserKnownHostsFile ${file()}`, `GlobalKnownHostsFile ${place.path}/global`, ''].join('\n'),
    );
    await using routes = openRoutes(never, { home: place.path, configFile, environment: { PATH: process.env['PATH'] } });
    return await meetHosts(targets, routes, never);
  }
  const meetOne = async (config?: readonly string[]): Promise<Shown> => (await meet(undefined, config))[0] as Shown;
  const known = (): string => readFileSync(file(), 'utf8');
  const write = (text: string): void => {
    execFileSync('mkdir', ['-p', join(place.path, '.ssh')]);
    writeFileSync(file(), text);
  };

  it('shows the key of an unknown host, writes nothing, and enrols it for the user alone', async () => {
    const met = await meetOne();
    const fingerprint = execFileSync('ssh-keygen', ['-lf', join(server.directory, 'host_ed25519.pub')], {
      encoding: 'utf8',
    }).split(' ')[1];

    expect(met).toMatchObject({
      host: 'web1',
      judged: { verdict: 'unknown' },
      shown: `ED25519 key ${fingerprint} of [127.0.0.1]:${server.port}`,
    });
    expect(() => known()).toThrow('ENOENT');

    met.enrol();
    expect(known()).toBe(server.knownHosts);
    expect([statSync(file()).mode & 0o777, statSync(join(place.path, '.ssh')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect((await meetOne()).judged.verdict).toBe('known');
  });

  it('no key of the user is offered to a host that is only met', async () => {
    const before = server.log().length;
    await meetOne();

    expect(server.log().slice(before)).not.toMatch(/publickey/);
  });

  it('with HashKnownHosts the name is not to be read in the file, and ssh finds it', async () => {
    (await meetOne(['HashKnownHosts yes'])).enrol();

    expect(known()).toMatch(/^\|1\|\S+ ssh-ed25519 \S+\n$/);
    expect(execFileSync('ssh-keygen', ['-F', `[127.0.0.1]:${server.port}`, '-f', file()], { encoding: 'utf8' })).toContain(
      'found: line 1',
    );
  });

  it('lines that are there stay as they are, a last one without its end, too', async () => {
    write(`# mine\nother.example ${stranger}`);
    (await meetOne()).enrol();

    expect(known()).toBe(`# mine\nother.example ${stranger}\n${server.knownHosts}`);
  });

  it('a changed key takes the place of all that were known of the host, and of nothing else', async () => {
    const name = `[127.0.0.1]:${server.port}`;
    const others = `other.example ${stranger}\n@cert-authority ${name} ${stranger}\n@revoked ${name} ${stranger}\n`;
    write(`# mine\n${name} ${stranger}\n${others}`);
    const met = await meetOne();
    met.enrol();

    expect(met.judged.verdict).toBe('changed');
    expect(known()).toBe(`# mine\n${others}${server.knownHosts}`);
    expect(statSync(file()).mode & 0o077).toBe(0o044);
  });

  it('the keys of several hosts are replaced one after the other', async () => {
    await using second = await startSshServer();
    await using third = await startSshServer();
    const servers = [server, second, third];
    write(servers.map(({ port }) => `[127.0.0.1]:${port} ${stranger}\n`.repeat(2)).join('# mine\n'));
    for (const met of await meet(servers.map((each, index) => each.target(`web${index}`)))) (met as Shown).enrol();

    expect(known()).toBe(`# mine\n# mine\n${servers.map(({ knownHosts }) => knownHosts).join('')}`);
  });

  it('of a line that speaks of others too only the name is taken out', async () => {
    await using second = await startSshServer();
    const [one, other] = [server, second].map(({ port }) => `[127.0.0.1]:${port}`);
    write(`${one},192.0.2.7,${other} ${stranger} mine\n${other},other.example ${stranger}\n`);
    const targets = [server.target('web1'), second.target('web2')];
    for (const met of await meet(targets)) (met as Shown).enrol();

    expect(known()).toBe(`192.0.2.7 ${stranger} mine\nother.example ${stranger}\n${server.knownHosts}${second.knownHosts}`);
    expect((await meet(targets)).map((met) => (met as Shown).judged.verdict)).toEqual(['known', 'known']);
  });

  it('a file behind a link is written where it stands', async () => {
    write('');
    execFileSync('mv', [file(), join(place.path, 'dotfile')]);
    writeFileSync(join(place.path, 'dotfile'), `[127.0.0.1]:${server.port} ${stranger}\n`);
    symlinkSync(join(place.path, 'dotfile'), file());
    (await meetOne()).enrol();

    expect(readFileSync(join(place.path, 'dotfile'), 'utf8')).toBe(server.knownHosts);
    expect(readFileSync(file(), 'utf8')).toBe(server.knownHosts);
  });

  it.each([
    ['has a pattern', () => write(`[127.0.0.1]:${server.port},[127.0.0.*]:* ${stranger}\n`)],
    ['is a pattern', () => write(`[127.0.0.*]:* ${stranger}\n`)],
    ["is the machine's", () => writeFileSync(join(place.path, 'global'), `[127.0.0.1]:${server.port} ${stranger}\n`)],
  ])('a line that %s is not replaced', async (_what, prepare) => {
    prepare();
    const met = await meetOne();

    expect(() => met.enrol()).toThrow(/:1 says more than the key of \[127\.0\.0\.1\]/);
  });

  it('a file that was changed after the question is left as it is', async () => {
    write(`[127.0.0.1]:${server.port} ${stranger}\n`);
    const met = await meetOne();
    write(`other.example ${stranger.replace('AAAA', 'AAAB')}\n`);

    expect(() => met.enrol()).toThrow('changed meanwhile');
    expect(known()).toMatch(/^other\.example/);
  });

  it('a host behind a jump host shows its key through that one, which must be known', async () => {
    await using jump = await startSshServer();
    const config = ['Host jump', 'HostName 127.0.0.1', `Port ${jump.port}`, `IdentityFile ${jump.clientKey}`];
    const behind = { ...server.target(), sshOptions: ['-o', 'ProxyJump=jump'] };

    const [before] = await meet([behind], config);
    expect(before).toMatchObject({
      failure: { absence: 'untrusted', hint: expect.stringContaining(`ssh -p ${jump.port} 127.0.0.1`) as string },
    });
    write(jump.knownHosts);
    const [after] = await meet([behind], config);
    expect(after).toMatchObject({ judged: { verdict: 'unknown' }, shown: expect.stringMatching(/, through jump$/) as string });
  });

  it('a host that is down does not keep others from being met', async () => {
    const down = { ...server.target('down'), port: await freePort() };
    const met = await meet([down, server.target()]);

    expect(met).toMatchObject([
      { host: 'down', failure: { absence: 'unreachable' } },
      { host: 'web1', judged: { verdict: 'unknown' } },
    ]);
  });
});
