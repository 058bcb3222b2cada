import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openWorkingRevision } from '../../src/fleet/working-revision.ts';
import { makeRepository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { writeBelow } from '../support/write-below.ts';

const signal = new AbortController().signal;
const motd = '- file: /etc/motd\n  content: hello\n';
const git = (directory: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', directory, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** What a host would have after it has taken the bundle. */
function take(bundle: string, ...from: readonly string[]): { readonly path: string } & Disposable {
  const directory = temporaryDirectory();
  git(directory.path, 'init', '--quiet', '--bare');
  for (const each of [...from, bundle]) git(directory.path, 'fetch', '--quiet', each, '+refs/heads/*:refs/heads/*');
  return directory;
}

afterEach(() => vi.unstubAllEnvs());

describe('the working revision', () => {
  it('is sent whole to a host that has nothing, and not at all to one that has it', async () => {
    using repository = makeRepository(motd);
    repository.commit('first');
    await using revision = await openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal);
    expect(revision).toMatchObject({ commit: git(repository.path, 'rev-parse', 'HEAD'), branch: 'main', workingTree: false });
    expect(await revision.bundleFor([revision.commit])).toBeUndefined();
    const bundle = await revision.bundleFor([]);
    using host = take(bundle!.path);
    expect(git(host.path, 'rev-parse', 'main')).toBe(revision.commit);
  });

  it('is none, with what to do, before the first commit', async () => {
    using repository = makeRepository(motd);
    const open = () => openWorkingRevision(repository.path, { uncommitted: 'include' }, signal);
    const hint = expect.stringContaining('git init && git add --all && git commit') as string;
    rmSync(join(repository.path, '.git'), { recursive: true, force: true });
    await expect(open()).rejects.toMatchObject({ hint });
    git(repository.path, 'init', '--quiet');
    await expect(open()).rejects.toMatchObject({ message: 'the repository has no commit yet', hint });
  });

  it.each([
    [
      'a commit that is not in the repository',
      {},
      'a'.repeat(40),
      'the repository does not have commit aaaaaaaaaaaa',
      'git fetch',
    ],
    ['without a place for what it makes', { TMPDIR: '/nonexistent' }, 'HEAD', 'in /nonexistent: no such file', 'TMPDIR'],
  ])('is none of %s, with what to do', async (_what, env: NodeJS.ProcessEnv, revision, message, hint) => {
    using repository = makeRepository(motd);
    repository.commit('first');
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);

    await expect(openWorkingRevision(repository.path, { uncommitted: 'include', revision }, signal)).rejects.toMatchObject({
      exit: 64,
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  it('leaves out what a host has, ignores commits that are not known here, and is made once for hosts that are alike', async () => {
    using repository = makeRepository(motd, { 'roles/big/files/data': Array.from({ length: 20_000 }, Math.random).join('\n') });
    repository.commit('first');
    const first = git(repository.path, 'rev-parse', 'HEAD');
    repository.write('inventory/host_vars/box.yml', 'a: 1\n');
    repository.commit('second');
    await using revision = await openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal);
    const whole = await revision.bundleFor(['f'.repeat(40)]);
    const rest = await revision.bundleFor(['e'.repeat(40), first]);
    expect(rest!.size).toBeLessThan(whole!.size / 10);
    expect(await revision.bundleFor(['e'.repeat(40), first])).toBe(rest);
    using host = take(rest!.path, whole!.path);
    expect(git(host.path, 'rev-parse', 'main')).toBe(revision.commit);
  });

  it('is sent to a host that has a later commit', async () => {
    using repository = makeRepository(motd);
    repository.commit('first');
    const first = git(repository.path, 'rev-parse', 'HEAD');
    repository.write('inventory/host_vars/box.yml', 'a: 1\n');
    repository.commit('second');
    const second = git(repository.path, 'rev-parse', 'HEAD');
    repository.write('inventory/host_vars/box.yml', 'a: 2\n');
    repository.commit('third');
    const third = git(repository.path, 'rev-parse', 'HEAD');
    await using revision = await openWorkingRevision(repository.path, { uncommitted: 'refuse', revision: second }, signal);
    using whole = take((await revision.bundleFor([third]))!.path);
    expect(git(whole.path, 'rev-parse', 'main')).toBe(second);
    await using oldest = await openWorkingRevision(repository.path, { uncommitted: 'refuse', revision: first }, signal);
    using root = take((await oldest.bundleFor([]))!.path);
    git(root.path, 'fetch', '--quiet', (await revision.bundleFor([first, third]))!.path, 'main:other');
    expect(git(root.path, 'rev-parse', 'other')).toBe(second);
  });

  it('refuses uncommitted changes by name, or makes them a commit that the repository never sees', async () => {
    using repository = makeRepository(motd);
    repository.commit('first');
    repository.write('desired-state/site.yaml', 'assignments: []\n');
    repository.write('roles/new/role.yaml', 'resources: []\n');
    repository.write('notes.txt', 'no configuration');
    await expect(openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal)).rejects.toThrow(
      /uncommitted changes: desired-state\/site\.yaml, roles\/new\/role\.yaml$/,
    );
    const before = readdirSync(join(repository.path, '.git/objects')).sort();
    const index = readFileSync(join(repository.path, '.git/index'));
    await using revision = await openWorkingRevision(repository.path, { uncommitted: 'include' }, signal);
    expect(revision.workingTree).toBe(true);
    const bundle = await revision.bundleFor([]);
    using host = take(bundle!.path);
    expect(git(host.path, 'show', 'main:desired-state/site.yaml')).toBe('assignments: []');
    expect(git(host.path, 'ls-tree', '-r', '--name-only', 'main').split('\n')).toEqual([
      'desired-state/site.yaml',
      'inventory/hosts.yml',
      'roles/new/role.yaml',
    ]);
    expect(git(host.path, 'rev-parse', 'main^')).toBe(git(repository.path, 'rev-parse', 'HEAD'));
    expect(readdirSync(join(repository.path, '.git/objects')).sort()).toEqual(before);
    expect(readFileSync(join(repository.path, '.git/index'))).toEqual(index);
  });

  it('has nothing that its user ignores, in the repository or everywhere, and finds no change in it', async () => {
    using repository = makeRepository(motd, { 'inventory/host_vars/old.yml': 'a: 1\n' });
    repository.commit('first');
    const [named, usual] = ['named', 'usual'].map((name) => join(dirname(repository.path), name)) as [string, string];
    writeBelow(named, 'gitconfig', `[core]\n\texcludesFile = ${named}/ignore\n`);
    writeBelow(named, 'ignore', '*.swp\n');
    writeBelow(usual, 'git/ignore', '*.bak\n');
    writeBelow(repository.path, '.git/info/exclude', 'secret*\nold.yml\n');
    repository.write('desired-state/.site.yaml.swp', 'x');
    repository.write('inventory/host_vars/secret.yml', 'password: x\n');
    vi.stubEnv('GIT_CONFIG_GLOBAL', join(named, 'gitconfig'));
    await using clean = await openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal);
    expect(clean.workingTree).toBe(false);

    repository.write('desired-state/.site.yaml.bak', 'x');
    await expect(openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal)).rejects.toThrow(
      /: desired-state\/\.site\.yaml\.bak$/,
    );
    vi.stubEnv('GIT_CONFIG_GLOBAL', undefined);
    vi.stubEnv('XDG_CONFIG_HOME', usual);
    rmSync(join(repository.path, 'desired-state/.site.yaml.swp'));
    await using again = await openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal);
    expect(again.workingTree).toBe(false);

    git(repository.path, 'rm', '--quiet', '--cached', 'inventory/host_vars/old.yml');
    repository.write('inventory/host_vars/box.yml', 'b: 2\n');
    repository.write('desired-state/site.yaml', 'assignments: []\n');
    await using changed = await openWorkingRevision(repository.path, { uncommitted: 'include' }, signal);
    using host = take((await changed.bundleFor([]))!.path);
    expect(git(host.path, 'ls-tree', '-r', '--name-only', 'main').split('\n')).toEqual([
      'desired-state/site.yaml',
      'inventory/host_vars/box.yml',
      'inventory/hosts.yml',
    ]);
  });

  it('has what is not checked out in a sparse checkout, and nothing that is staged outside of the configuration', async () => {
    using repository = makeRepository(motd, {
      'desired-state/rollout.yaml': 'waves: [{ name: all, hosts: all }]\n',
      'roles/a/role.yaml': 'resources: []\n',
    });
    repository.commit('first');
    repository.write('token', 'x');
    git(repository.path, 'add', 'token');
    git(repository.path, 'config', 'core.splitIndex', 'true');
    git(repository.path, 'sparse-checkout', 'set', '--no-cone', '/desired-state/site.yaml', '/inventory/');
    repository.write('desired-state/site.yaml', 'assignments: []\n');
    rmSync(join(repository.path, 'inventory/hosts.yml'));
    const before = readdirSync(join(repository.path, '.git')).sort();
    await using revision = await openWorkingRevision(repository.path, { uncommitted: 'include' }, signal);
    using host = take((await revision.bundleFor([]))!.path);
    expect(git(host.path, 'show', 'main:desired-state/site.yaml')).toBe('assignments: []');
    expect(git(host.path, 'ls-tree', '-r', '--name-only', 'main').split('\n')).toEqual([
      'desired-state/rollout.yaml',
      'desired-state/site.yaml',
      'roles/a/role.yaml',
    ]);
    expect(readdirSync(join(repository.path, '.git')).sort()).toEqual(before);
  });

  it('is packed again where that failed before', async () => {
    using repository = makeRepository(motd);
    repository.commit('first');
    await using revision = await openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal);
    const objects = join(repository.path, '.git/objects');
    renameSync(objects, `${objects}.away`);
    await expect(revision.bundleFor([])).rejects.toThrow(/^the fault is on this machine: git bundle failed/);

    renameSync(`${objects}.away`, objects);
    expect(await revision.bundleFor([])).toMatchObject({ size: expect.any(Number) as number });
  });

  it('leaves nothing behind', async () => {
    using repository = makeRepository(motd);
    repository.commit('first');
    let path: string;
    {
      await using revision = await openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal);
      path = (await revision.bundleFor([]))!.path;
      expect(existsSync(path)).toBe(true);
    }
    expect(existsSync(dirname(path))).toBe(false);
  });

  it('can be another commit than the one that is checked out', async () => {
    using repository = makeRepository(motd);
    repository.commit('first');
    const first = git(repository.path, 'rev-parse', 'HEAD');
    repository.write('desired-state/site.yaml', 'assignments: []\n');
    repository.commit('second');
    await using revision = await openWorkingRevision(repository.path, { uncommitted: 'include', revision: first }, signal);
    expect(revision).toMatchObject({ commit: first, workingTree: false });
  });

  it.each([
    ['has the last commits only', ['--depth', '1'], 'git fetch --unshallow', ['--unshallow']],
    ['lacks files of old commits', ['--filter=blob:none'], 'git fetch --refetch --no-filter', ['--refetch', '--no-filter']],
  ])('is not taken from a clone that %s, until that has the rest', async (_what, clone, hint, fetch) => {
    using repository = makeRepository(motd);
    repository.commit('first');
    repository.write('desired-state/site.yaml', 'assignments: []\n');
    repository.commit('second');
    git(repository.path, 'config', 'uploadpack.allowFilter', 'true');
    using place = temporaryDirectory();
    const path = join(place.path, 'clone');
    git(place.path, 'clone', '--quiet', ...clone, `file://${repository.path}`, path);
    await expect(openWorkingRevision(path, { uncommitted: 'refuse' }, signal)).rejects.toMatchObject({
      message: expect.stringContaining('has not the whole history') as string,
      hint: expect.stringContaining(hint) as string,
    });
    git(path, 'fetch', '--quiet', ...fetch);
    await using revision = await openWorkingRevision(path, { uncommitted: 'refuse' }, signal);
    using host = take((await revision.bundleFor([]))!.path);
    expect(git(host.path, 'rev-list', '--count', 'main')).toBe('2');
  });

  it('is not taken from a repository whose commits no host can name', async () => {
    using repository = makeRepository(motd);
    git(repository.path, 'init', '--quiet', '--object-format=sha256');
    repository.commit('first');
    await expect(openWorkingRevision(repository.path, { uncommitted: 'refuse' }, signal)).rejects.toThrow(/by SHA-256/);
  });

  it.each([
    ['a directory without git', (path: string) => path, /not a git repository/],
    [
      'a configuration below the top of its repository',
      (path: string) => {
        git(dirname(path), 'init', '--quiet');
        return path;
      },
      /not at the top of its git repository, but in config\//,
    ],
  ])('is not taken from %s', async (_what, arrange, message) => {
    using repository = makeRepository(motd);
    const path = arrange(repository.path);
    await expect(openWorkingRevision(path, { uncommitted: 'include' }, signal)).rejects.toThrow(message);
  });
});
