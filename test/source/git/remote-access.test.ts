import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRemoteUrl } from '../../../src/source/git/remote-url.ts';
import { openChaosProxy } from '../../support/chaos-proxy.ts';
import { openGitServer } from '../../support/git-server.ts';
import { openFollowRig, type FollowRig } from './follow-rig.ts';

const site = 'desired-state/site.yaml';

describe('the URL of a remote', () => {
  it.each([
    ['https://git.example/ops/config.git', 'https'],
    ['https://git.example:8443/ops/config.git', 'https'],
    ['http://127.0.0.1:3000/ops/config.git', 'http'],
    ['http://localhost/config.git', 'http'],
    ['http://[::1]:3000/config.git', 'http'],
    ['ssh://git@git.example:2222/ops/config.git', 'ssh'],
    ['git@git.example:ops/config.git', 'ssh'],
    ['git.example:ops/config.git', 'ssh'],
    ['/srv/git/config.git', 'file'],
  ])('%s is followed over %s', (url, transport) => {
    expect(readRemoteUrl(url)).toEqual({ url, transport });
  });

  it.each([
    'http://git.example/config.git',
    'http://192.0.2.1/config.git',
    'http://127.0.0.1.evil.example/config.git',
    'https://ada:s3cret@git.example/config.git',
    'https://s3cret@git.example/config.git',
    'ssh://git:s3cret@git.example/config.git',
    '--upload-pack=touch /tmp/x',
    '-oProxyCommand=x:y',
    'ssh://-oProxyCommand=x/y',
    'ext::sh -c true',
    'ext::sh',
    'file:///srv/git/config.git',
    'git://git.example/config.git',
    'ftp://git.example/config.git',
    'relative/path.git',
    'https://git.example/a b',
    'https://git.example/a\nb',
    '',
  ])('%j is refused', (url) => {
    const read = readRemoteUrl(url);

    expect(read).toHaveProperty('refused');
    expect(JSON.stringify(read)).not.toContain('s3cret');
  });

  it('that is refused is told as a fault of the host policy, and the next one is asked', async () => {
    using rig = openFollowRig();
    const commit = rig.push({ [site]: 'good' });

    expect(await rig.look({ urls: ['ext::sh'] })).toMatchObject({ state: 'offline', problem: { code: 'bad-remote' } });
    expect(await rig.look({ urls: ['ext::sh', rig.remote] })).toMatchObject({ state: 'fetched', commit });
  });
});

it.each(['-x', '--upload-pack=x', 'a..b', 'a b', 'x.lock', 'a//b', ''])('the branch %j is refused', async (branch) => {
  using rig = openFollowRig();

  expect((await rig.look({ branch })).problem).toMatchObject({
    code: 'bad-remote',
    message: expect.stringContaining('cannot be a branch'),
  });
});

describe('a token', () => {
  const token = 'canary-0815-token';
  const withToken = (rig: FollowRig, text = `${token}\n`): { readonly token_file: string } => {
    const file = join(rig.path, 'token');
    writeFileSync(file, text, { mode: 0o600 });
    return { token_file: file };
  };

  it('opens the repository, and is nowhere on disk', async () => {
    using rig = openFollowRig();
    await using server = await openGitServer(rig.path, { token });
    const commit = rig.push({ [site]: 'good' });

    expect(await rig.look({ urls: [server.url('config.git')], ...withToken(rig) })).toMatchObject({ state: 'fetched', commit });
    const files = readdirSync(rig.stateDirectory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const holding = files.filter((file) => readFileSync(join(file.parentPath, file.name)).includes('canary'));
    expect(holding.map(({ name }) => name)).toEqual([]);
  });

  it('stands in no process list while git is at work', async () => {
    using rig = openFollowRig();
    await using server = await openGitServer(rig.path, { token });
    await using proxy = await openChaosProxy(server);
    proxy.fault = { type: 'hang' };
    const abort = new AbortController();
    const looking = rig.open({ urls: [proxy.url('config.git')], ...withToken(rig) }).look(abort.signal);
    await proxy.nextRequest();

    const lines = commandLines();
    abort.abort(new Error('seen enough'));

    await expect(looking).rejects.toThrow('seen enough');
    expect(lines.filter((line) => line.includes(proxy.url('config.git')))).not.toEqual([]);
    const encoded = Buffer.from(`git:${token}`).toString('base64');
    expect(lines.filter((line) => line.includes(token) || line.includes(encoded))).toEqual([]);
  });

  it('that is wrong is told without quoting it', async () => {
    using rig = openFollowRig();
    await using server = await openGitServer(rig.path, { token: 'another' });

    const { problem } = await rig.look({ urls: [server.url('config.git')], ...withToken(rig) });

    expect(problem!.message).toContain('it asks for a login (401)');
    expect(JSON.stringify(problem)).not.toContain('canary');
    expect(JSON.stringify(problem)).not.toContain(Buffer.from(`git:${token}`).toString('base64'));
  });

  it('does not follow to another server', async () => {
    using rig = openFollowRig();
    await using server = await openGitServer(rig.path, { token });
    await using proxy = await openChaosProxy(server);
    proxy.fault = { type: 'status', code: 302 };

    const { problem } = await rig.look({ urls: [proxy.url('config.git')], ...withToken(rig) });

    expect(problem!.message).toContain('it redirects, which is not followed');
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['can be read by others', (file: string) => chmodSync(file, 0o640), 'can be read by others; chmod 600'],
    ['is empty', (file: string) => writeFileSync(file, '\n'), 'holds no token'],
    ['has two lines', (file: string) => writeFileSync(file, 'a\nb\n'), 'holds no token'],
  ])('in a file that %s is not used', async (_name, spoil, message) => {
    using rig = openFollowRig();
    const { token_file: file } = withToken(rig);
    spoil(file);

    const { problem } = await rig.look({ urls: ['https://git.example/config.git'], token_file: file });

    expect(problem).toMatchObject({ code: 'bad-remote' });
    expect(problem!.message).toContain(message);
  });

  it('in a file that is not there is told with its name', async () => {
    using rig = openFollowRig();

    const { problem } = await rig.look({ urls: ['https://git.example/config.git'], token_file: '/nowhere/token' });

    expect(problem!.message).toBe('the token file /nowhere/token does not exist; make it, mode 0600');
  });
});

/** Of every process on this machine. */
const commandLines = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        // It has ended since.
        return [];
      }
    });
