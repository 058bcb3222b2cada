import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalHost, type LocalHost } from '../../src/host/local-host.ts';
import { noteOf } from '../../src/resources/git-checkout.ts';
import { git } from '../../src/resources/types/git.ts';
import { gitIn } from '../support/git-in.ts';
import { makeLiveRepository } from '../support/live-repository.ts';
import { writeBelow } from '../support/write-below.ts';
import { contents, converge, prepare, signal } from './converge-kind.ts';

let directory: string;
let repo: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'git-killed-'));
  [repo, path] = [join(directory, 'upstream'), join(directory, 'checkout')];
  mkdirSync(repo);
  gitIn(repo, 'init', '--quiet');
  for (const version of ['1', '2', '3']) {
    writeBelow(repo, 'a', version);
    writeBelow(repo, `only/in/${version}`, version);
    writeBelow(repo, 'z', version);
    gitIn(repo, 'add', '--all');
    gitIn(repo, 'commit', '--quiet', '--message', version);
    gitIn(repo, 'tag', `v${version}`);
    rmSync(join(repo, 'only'), { recursive: true });
  }
});
afterEach(() => rmSync(directory, { recursive: true }));
const at = (ref: string) => converge(git, { path, repo, ref });
const inGit = (...names: readonly string[]): readonly string[] => names.map((name) => join(path, '.git', name));

/** Everything that a person sees there, and what git has of it. */
const standing = (): unknown => ({
  files: readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/^\.git(?:$|\/)/.test(name))
    .sort(),
  contents: ['a', 'z'].map((name) => readFileSync(join(path, name), 'utf8')),
  status: gitIn(path, 'status', '--porcelain', '--ignored'),
  head: readFileSync(join(path, '.git/HEAD'), 'utf8'),
  refs: gitIn(path, 'for-each-ref'),
  left: readdirSync(join(path, '.git'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.lock$|tmp_/.test(name)),
});

/** Kills git as often as there is a file `armed`, when it has to write `z`: what comes before it in the commit stands by then. */
function trap(): void {
  const armed = join(directory, 'armed');
  writeFileSync(armed, '');
  writeBelow(path, '.git/info/attributes', 'z filter=trap\n');
  gitIn(path, 'config', 'filter.trap.smudge', `if [ -e ${armed} ]; then rm ${armed}; kill -9 $PPID; fi; cat`);
}

type End = 'git' | 'the run';
const ends = ['git', 'the run'] as const;

/** A run that moves to v2 until `kill` has done its part, and what takes it back: the same run, or the next where it ended too. */
async function broken(end: End, kill: () => Promise<unknown> | void, ref = 'v2') {
  const { desired } = prepare(git, { path, repo, ref });
  const host = openLocalHost({});
  const context = { host, last: undefined, contents, signal, survey: undefined };
  const saved = await git.undo!.capture(desired, context);
  const failure = await Promise.resolve(git.apply(desired, [], context)).then(
    () => '',
    (error: unknown) => String(error),
  );
  await kill();
  const other = end === 'git' ? host : openLocalHost({});
  return {
    failure,
    restore: async (wrap: (host: LocalHost) => LocalHost = (same) => same) => {
      const restored = await git.undo!.restore(structuredClone(saved), { ...context, host: wrap(other) });
      await other.commit(signal);
      for (const each of new Set([host, other])) each.close();
      return restored;
    },
  };
}

describe.each(ends)('%s is killed', (end) => {
  it('while files are replaced: they are as before, new ones are gone, and the next run goes on', async () => {
    await at('v1');
    const before = standing();
    trap();
    const { failure, restore } = await broken(end, () => undefined);
    expect(failure).toContain('git checkout in');
    expect(failure).toContain('was ended by SIGKILL');
    expect(existsSync(join(path, 'only/in/2'))).toBe(true);

    expect(await restore()).toEqual({ aside: [] });

    expect(standing()).toEqual(before);
    expect((await at('v2')).again.action).toBe('none');
    expect((await at('v3')).again.action).toBe('none');
  });

  it.each([
    ['before HEAD is written', () => undefined],
    ['while HEAD is written', () => writeBelow(path, '.git/HEAD.lock', '')],
  ])('%s: files are as before', async (_when, lock) => {
    await at('v1');
    const [before, head] = [standing(), readFileSync(join(path, '.git/HEAD'))];
    const { restore } = await broken(end, () => {
      writeFileSync(join(path, '.git/HEAD'), head);
      lock();
    });

    await restore();

    expect(standing()).toEqual(before);
  });

  it('while it fetches: nothing of it is left, and the next run goes on', async () => {
    await at('v1');
    const before = standing();
    const { restore } = await broken(
      end,
      () => {
        for (const name of ['shallow.lock', `${noteOf({ repo, ref: 'v2' })}.lock`, `${noteOf({ repo, ref: 'none' })}.lock`])
          writeBelow(path, `.git/${name}`, '');
        for (const name of ['pack/tmp_pack_a1B2c3', 'pack/tmp_idx_a1B2c3', 'ab/tmp_obj_a1B2c3'])
          writeBelow(path, `.git/objects/${name}`, '');
      },
      'none',
    );

    await restore();

    expect(standing()).toEqual(before);
    expect((await at('v2')).again.action).toBe('none');
  });

  it.each([
    ['before', []],
    ['while', ['HEAD.lock']],
  ])('%s HEAD of a first checkout is written: nothing is left', async (_when, locks) => {
    const { restore } = await broken(end, () => {
      writeFileSync(join(path, '.git/HEAD'), 'ref: refs/heads/master\n');
      for (const lock of inGit(...locks)) writeFileSync(lock, '');
    });

    expect(await restore()).toEqual({ aside: [] });

    expect(readdirSync(directory)).toEqual(['upstream']);
  });

  it('where another git works: its lock is its own until it ends', async () => {
    await at('v1');
    const before = standing();
    const [lock] = inGit('index.lock') as [string];
    const worker = spawn('git', ['-C', path, 'hash-object', '--stdin'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { restore } = await broken(end, () => writeFileSync(lock, ''), 'none');
    const looks: boolean[] = [];
    const watched = (host: LocalHost): LocalHost =>
      new Proxy(host, {
        get(target, key) {
          const value = Reflect.get(target, key) as unknown;
          if (typeof value !== 'function') return value;
          return (...args: readonly unknown[]): unknown => {
            if (key === 'list' && args[0] === '/proc' && looks.push(existsSync(lock)) === 2) worker.stdin.end();
            return value.apply(target, args) as unknown;
          };
        },
      });

    await restore(watched);

    expect(looks.slice(0, 2)).toEqual([true, true]);
    expect(standing()).toEqual(before);
  });

  it('where a lock stood before: it stays', async () => {
    await at('v1');
    const [lock] = inGit('index.lock') as [string];
    writeFileSync(lock, '');
    const before = standing();
    const { failure, restore } = await broken(end, () => undefined);
    expect(failure).toContain('index.lock');

    await restore();

    expect(standing()).toEqual(before);
  });
});

it.each([
  ['an edit', 'a'],
  ['a file of theirs', 'mine'],
])('a first checkout without a HEAD in which others have left %s is moved aside', async (_what, name) => {
  const { restore } = await broken('the run', () => writeBelow(path, '.git/HEAD', 'ref: refs/heads/mine'));
  writeBelow(path, name, 'mine');

  expect(await restore()).toEqual({ aside: [`what others made in ${path} is in ${directory}/.checkout.before`] });

  expect(readFileSync(join(directory, '.checkout.before', name), 'utf8')).toBe('mine');
});

it.each(['only/in/2', 'ignored'])('%s, which nobody tracks and the next commit has, is never replaced', async (name) => {
  writeBelow(repo, 'ignored', 'theirs');
  writeBelow(repo, 'only/in/2', 'theirs');
  gitIn(repo, 'add', '--all');
  gitIn(repo, 'commit', '--quiet', '--message', '4');
  gitIn(repo, 'tag', 'v4');
  await at('v1');
  writeBelow(path, '.git/info/exclude', 'ignored\n');
  writeBelow(path, name, 'mine');
  const before = standing();
  const { failure, restore } = await broken('git', () => undefined, 'v4');
  expect(failure).toContain(`${path}/${name} is in the way of the file that v4 has there`);

  await restore();

  expect(readFileSync(join(path, name), 'utf8')).toBe('mine');
  expect(standing()).toEqual(before);
});

it('the run of a git that was killed takes it back, and the next one goes on with the same revision', () => {
  using live = makeLiveRepository('');
  path = join(live.base, 'app');
  const wanted = (ref: string): void => live.resources(`- { kind: git, path: "{{ base }}/app", repo: ${repo}, ref: ${ref} }`);
  wanted('v1');
  expect(live.report()).toMatchObject({ outcome: 'converged' });
  const before = standing();
  trap();
  wanted('v2');

  expect(live.report()).toMatchObject({
    exit: 6,
    summary: expect.stringMatching(/was ended by SIGKILL\. Everything was put back as it was/),
  });

  expect(standing()).toEqual(before);
  expect(live.report()).toMatchObject({ outcome: 'converged' });
});
