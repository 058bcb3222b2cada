import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { git } from '../../src/resources/types/git.ts';
import { gitIn } from '../support/git-in.ts';
import { makeRepository } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';
import { contents, converge, prepare, signal } from './converge-kind.ts';

const some = { path: '/opt/app', repo: 'https://git.example/timmy/app.git', ref: 'v1.0' };

describe('what a checkout may say', () => {
  it.each([
    ['credentials', { repo: 'https://ada:secret@git.example/app' }],
    ['a token', { repo: 'https://token@git.example/app' }],
    ['a program', { repo: 'ext::sh -c id' }],
    ['an option', { repo: '--upload-pack=id' }],
    ['a relative path', { repo: '../app' }],
    ['a host that is an option', { repo: 'ssh://-oProxyCommand=id/app' }],
    ['an option as the host of ssh', { repo: '-oProxyCommand=id:app' }],
    ['another scheme', { repo: 'git://git.example/app' }],
  ])('refuses %s', (_what, attributes) => {
    expect(prepare(git, { ...some, ...attributes }).problems.join()).toContain('repo: expected https://');
  });

  it.each(['--all', 'a..b', '/v1', 'v1/', 'v1.lock', 'a b', 'v1:x', '^v1', 'HEAD~1', 'a/.b'])('refuses the ref %s', (ref) => {
    expect(prepare(git, { ...some, ref }).problems.join()).toContain('ref: expected');
  });

  it.each([
    ['https://git.example/app', 'git.example', 'https'],
    ['http://git.example:3000/app', 'git.example', 'http'],
    ['ssh://git@git.example:22/app', 'git.example', 'ssh'],
    ['git@git.example:timmy/app.git', 'git.example', 'ssh'],
  ])('fetches %s from the host that policy is asked about', (repo, host, scheme) => {
    expect(git.contacts?.(prepare(git, { ...some, repo }).desired)).toEqual([{ host, scheme }]);
  });

  it('has a path of this host, which nobody is asked about', () => {
    expect(git.contacts?.(prepare(git, { ...some, repo: '/srv/git/app.git' }).desired)).toEqual([]);
  });
});

it('under a root it is held, because git makes it', () => {
  using repository = makeRepository(`- { kind: git, path: /opt/app, repo: /srv/app.git, ref: v1 }`);

  expect(repository.report().steps.map(({ address, reason }) => `${address} ${reason}`)).toEqual([
    'git[/opt/app] needs a live host',
  ]);
});

describe('a checkout', () => {
  let directory: string;
  let repo: string;
  let path: string;
  let commits: readonly string[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'git-kind-'));
    repo = join(directory, 'upstream');
    path = join(directory, 'checkout');
    mkdirSync(repo);
    gitIn(repo, 'init', '--quiet', '--initial-branch=main');
    commits = ['one', 'two'].map((text, index) => {
      writeFileSync(join(repo, 'file'), text);
      writeFileSync(join(repo, `only-${text}`), text);
      gitIn(repo, 'add', '--all');
      gitIn(repo, 'commit', '--quiet', '--message', text);
      gitIn(repo, 'tag', '--annotate', '--message', text, `v${index + 1}`);
      return gitIn(repo, 'rev-parse', 'HEAD');
    });
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const at = (ref: string) => converge(git, { path, repo, ref });
  const text = (): string => readFileSync(join(path, 'file'), 'utf8');
  const ignore = (name: string): void => {
    mkdirSync(join(path, '.git/info'), { recursive: true });
    writeFileSync(join(path, '.git/info/exclude'), name);
  };
  const refusals = async (ref: string, more: object = {}): Promise<string> => {
    const { desired } = prepare(git, { path, repo, ref, ...more });
    const state = await git.inspect(desired, {
      host: openLocalReader({}),
      last: undefined,
      contents,
      signal,
      survey: undefined,
    } as never);
    const isAsked = git.diff(desired, state).action !== 'none';
    return (isAsked ? (git.refuses?.(desired, state, []) ?? []) : []).map(({ message }) => message).join();
  };

  it.each([
    ['a tag', () => 'v1'],
    ['a commit', () => commits[0]!],
  ])('of %s is made, and afterwards git is not asked', async (_what, ref) => {
    const { diff, again } = await at(ref());
    rmSync(repo, { recursive: true });

    expect([diff.action, again.action, text()]).toEqual(['create', 'none', 'one']);
    expect(gitIn(path, 'rev-parse', 'HEAD')).toBe(commits[0]);
    expect((await at(ref())).diff.action).toBe('none');
  });

  it('moves to another commit and back, and the rollback of the first leaves nothing', async () => {
    const first = await at('v1');
    const { diff, undo } = await at(commits[1]!);
    expect([diff.action, text()]).toEqual(['update', 'two']);

    await undo();
    expect([gitIn(path, 'rev-parse', 'HEAD'), text(), gitIn(path, 'status', '--porcelain')]).toEqual([commits[0], 'one', '']);
    expect(existsSync(join(path, 'only-two'))).toBe(false);

    await first.undo();
    expect(readdirSync(directory)).toEqual(['upstream']);
  });

  it('of somebody is adopted and goes back to the branch that it was on', async () => {
    gitIn(directory, 'clone', '--quiet', repo, path);
    const ofTag = (): string => gitIn(path, 'for-each-ref', 'refs/tags/v1');
    const before = ofTag();
    const { diff, undo } = await at('v1');
    expect([diff.action, text()]).toEqual(['update', 'one']);

    await undo();
    expect([readFileSync(join(path, '.git/HEAD'), 'utf8'), text()]).toEqual(['ref: refs/heads/main\n', 'two']);
    expect(ofTag()).toEqual(before);
    await at('v2');
    expect(gitIn(path, 'rev-list', '--count', 'main')).toBe('2');
  });

  it('with edited files, with a commit of its own, or of something else is refused', async () => {
    await at('v1');
    writeFileSync(join(path, 'untracked'), 'mine');
    expect(await refusals('v2')).toBe('');
    writeFileSync(join(path, 'file'), 'mine');
    expect(await refusals('v2')).toContain('has local changes: 1 changed file, the first of them file');
    gitIn(path, 'commit', '--quiet', '--all', '--message', 'mine');
    expect(await refusals('v2')).toContain('which stands nowhere else');

    rmSync(join(path, '.git'), { recursive: true });
    expect(await refusals('v2')).toContain('is neither empty nor a checkout of git');
  });

  it.runIf(process.getuid?.() === 0)('of another user is refused, also at the commit that is wanted', async () => {
    await at('v1');
    for (const ref of ['v1', 'v2'])
      expect(await refusals(ref, { user: 'nobody' })).toContain('belongs to root, and git does not work there as nobody');
  });

  it('keeps what nobody tracks', async () => {
    await at('v1');
    writeFileSync(join(path, 'untracked'), 'mine');
    await at('v2');

    expect([readFileSync(join(path, 'untracked'), 'utf8'), text()]).toEqual(['mine', 'two']);
  });

  it.each([
    ['a file that nobody tracks', () => writeFileSync(join(path, 'untracked'), 'mine')],
    ['a file that is ignored', () => (ignore('.env'), writeFileSync(join(path, '.env'), 'mine'))],
    ['an edit', () => writeFileSync(join(path, 'file'), 'mine')],
    ['a commit', () => gitIn(path, 'commit', '--quiet', '--allow-empty', '--message', 'mine')],
    [
      'a branch',
      () => {
        gitIn(path, 'checkout', '--quiet', '-b', 'mine');
        gitIn(path, 'commit', '--quiet', '--allow-empty', '--message', 'mine');
        gitIn(path, 'checkout', '--quiet', '--detach', commits[0]!);
      },
    ],
  ])('in which somebody has left %s is moved aside when its making is taken back', async (_what, work) => {
    const { undo } = await at('v1');
    work();
    const before = snapshot(path);

    expect(await undo()).toEqual({ aside: [`what others made in ${path} is in ${directory}/.checkout.before`] });

    expect(existsSync(path)).toBe(false);
    expect(snapshot(join(directory, '.checkout.before'))).toBe(before);

    const again = await at('v1');
    writeFileSync(join(path, 'untracked'), 'more');
    await again.undo();
    expect(readdirSync(directory)).toEqual(['.checkout.before', '.checkout.before-2', 'upstream']);
  });

  it('in a directory that stood there leaves it empty when it is moved aside', async () => {
    mkdirSync(path, { mode: 0o750 });
    const { undo } = await at('v1');
    writeFileSync(join(path, 'untracked'), 'mine');

    await undo();

    expect(readdirSync(path)).toEqual([]);
    expect(readdirSync(join(directory, '.checkout.before')).sort()).toEqual(['.git', 'file', 'only-one', 'untracked']);
  });

  it('goes back to its commit with what others did since in the stash, on a branch, or where it stood', async () => {
    await at('v1');
    const { undo } = await at('v2');
    writeFileSync(join(path, 'untracked'), 'mine');
    gitIn(path, 'commit', '--quiet', '--allow-empty', '--message', 'mine');
    const own = gitIn(path, 'rev-parse', 'HEAD');
    writeFileSync(join(path, 'file'), 'edited');

    const restored = await undo();

    const aside = [
      `what was edited in ${path} is in its stash`,
      `what was committed in ${path} is on its branch before-rollback-${own.slice(0, 12)}`,
    ];
    expect(restored).toEqual({ aside });
    expect([gitIn(path, 'rev-parse', 'HEAD'), text(), readFileSync(join(path, 'untracked'), 'utf8')]).toEqual([
      commits[0],
      'one',
      'mine',
    ]);
    expect(gitIn(path, 'show', 'stash@{0}:file')).toBe('edited');
    expect(gitIn(path, 'rev-parse', `before-rollback-${own.slice(0, 12)}`)).toBe(own);
  });

  it('puts a file that nobody tracks into the stash where the commit before has one', async () => {
    gitIn(repo, 'rm', '--quiet', 'only-one');
    gitIn(repo, 'commit', '--quiet', '--message', 'three');
    gitIn(repo, 'tag', 'v3');
    await at('v1');
    const { undo } = await at('v3');
    writeFileSync(join(path, 'only-one'), 'mine');

    await undo();

    expect(readFileSync(join(path, 'only-one'), 'utf8')).toBe('one');
    expect(gitIn(path, 'show', 'stash@{0}^3:only-one')).toBe('mine');
  });

  it('that somebody has put back already, and edited, is left alone', async () => {
    await at('v1');
    const { undo } = await at('v2');
    gitIn(path, 'checkout', '--quiet', '--detach', commits[0]!);
    writeFileSync(join(path, 'file'), 'edited');

    await undo();

    expect([gitIn(path, 'rev-parse', 'HEAD'), text()]).toEqual([commits[0], 'edited']);
  });

  it('is gone when the run that made it fails, with what that run has built in it', async () => {
    const { desired } = prepare(git, { path, repo, ref: 'v1' });
    const host = openLocalHost({});
    const context = { host, last: undefined, contents, signal, survey: undefined };
    const undo = await git.undo!.capture(desired, context);
    await git.apply(desired, [], context);
    mkdirSync(join(path, 'node_modules'));
    writeFileSync(join(path, 'node_modules/built'), '');

    await git.undo!.restore(undo, context);
    host.close();

    expect(readdirSync(directory)).toEqual(['upstream']);
  });

  it.each([
    ['before it had a repository', () => rmSync(join(path, '.git'), { recursive: true })],
    ['before its files were all there', () => rmSync(join(path, '.git/index'))],
  ])('of a run that was killed %s is not kept', async (_when, kill) => {
    const { undo } = await at('v1');
    rmSync(join(path, 'only-one'));
    rmSync(join(path, 'file'));
    kill();

    await undo();

    expect(readdirSync(directory)).toEqual(['upstream']);
  });

  it('of what is not there says so', async () => {
    await expect(at('v3')).rejects.toThrow(/git fetch .* failed: .*v3/);
    await expect(at('main')).rejects.toThrow(/refs\/tags\/main/);
  });

  it('never runs a hook of the checkout', async () => {
    await at('v1');
    mkdirSync(join(path, '.git/hooks'), { recursive: true });
    writeFileSync(join(path, '.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${directory}/ran\n`, { mode: 0o755 });
    await at('v2');

    expect(existsSync(join(directory, 'ran'))).toBe(false);
  });
});
