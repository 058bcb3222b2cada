import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { explainFetchFailure } from '../../../src/source/git/fetch-failure.ts';
import { openObjects } from '../../../src/source/git/objects.ts';
import { askGit, GitFailure, runGit, type GitCall } from '../../../src/source/git/run-git.ts';
import { TooLarge } from '../../../src/source/git/too-large.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const callIn = (directory: string, more: Partial<GitCall> = {}): GitCall => {
  execFileSync('git', ['init', '--quiet', '--bare', directory]);
  return { directory, config: {}, env: {}, timeout: 20_000, signal: new AbortController().signal, ...more };
};
const words = { 'index-pack': ['index-pack', '--stdin'], fetch: ['fetch', '/nowhere'] } as const;

it.each(['index-pack', 'fetch'] as const)('%s says so where git is not installed', async (command) => {
  using directory = temporaryDirectory();
  using tools = temporaryDirectory();
  for (const tool of ['timeout', 'prlimit']) execFileSync('ln', ['-s', `/usr/bin/${tool}`, tools.path]);
  const call = callIn(directory.path, { env: { PATH: tools.path } });

  const failure = await runGit(call, words[command]).catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(GitFailure);
  expect(explainFetchFailure(failure as GitFailure, '20s', []).message).toBe('git is not installed on this host');
});

it.each([
  ["askGit(call, ['version'])"],
  ["readGit(call, ['version']).next()"],
  ["Promise.try(() => startGit(call, ['cat-file', '--batch']))"],
])('git for which too many files are open is an error, and not the end of this process: %s', (started) => {
  const module = join(import.meta.dirname, '../../../src/source/git/run-git.ts');
  const script = `
    import { openSync } from 'node:fs';
    const { askGit, readGit, startGit } = await import(${JSON.stringify(module)});
    try { for (;;) openSync('/dev/null'); } catch {}
    const call = { directory: '/', config: {}, env: {}, timeout: 1_000, signal: new AbortController().signal };
    console.log((await ${started}.catch((error) => error)).message);`;
  const argv = ['-c', 'ulimit -n 60 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script];

  expect(execFileSync('sh', argv, { encoding: 'utf8' })).toBe('git cannot be started: too many files are open\n');
});

it('what waits for ever is ended when its time has run out', async () => {
  using directory = temporaryDirectory();
  const fifo = join(directory.path, 'endless');
  execFileSync('mkfifo', [fifo]);
  const descriptor = openSync(fifo, constants.O_RDWR);
  try {
    const call = callIn(join(directory.path, 'mirror'), { timeout: 300 });

    expect(await askGit(call, words['index-pack'], descriptor)).toMatchObject({ exit: 124 });
  } finally {
    closeSync(descriptor);
  }
});

it('what is aborted is over when git and all that it has started are', async () => {
  using directory = temporaryDirectory();
  using tools = temporaryDirectory();
  const [begun, ended] = ['begun', 'ended'].map((name) => join(directory.path, name)) as [string, string];
  const slow = `#!/bin/sh\ntrap 'sleep 0.3; touch ${ended}; exit 1' TERM\ntouch ${begun}\nwhile :; do sleep 0.05; done\n`;
  writeFileSync(join(tools.path, 'git'), slow, { mode: 0o755 });
  const abort = new AbortController();
  const env = { PATH: `${tools.path}:/usr/bin:/bin` };
  const call = callIn(join(directory.path, 'mirror'), { env, signal: abort.signal });
  const failure = askGit(call, words.fetch).catch((error: unknown) => error);
  await vi.waitFor(() => expect(existsSync(begun)).toBe(true), { timeout: 30_000 });

  abort.abort(new Error('enough'));

  expect(await failure).toEqual(new Error('enough'));
  expect(existsSync(ended)).toBe(true);
});

it('a question about objects that is never answered is given up when its time has run out', async () => {
  using directory = temporaryDirectory();
  using tools = temporaryDirectory();
  writeFileSync(join(tools.path, 'git'), '#!/bin/sh\nexec /bin/sleep 60\n', { mode: 0o755 });
  await using objects = openObjects(callIn(directory.path, { env: { PATH: tools.path }, timeout: 300 }));

  const failure = await objects.read('tree', ['0'.repeat(40)]).catch((error: unknown) => error);

  expect(failure).toMatchObject({ timedOut: true });
});

it('contents of just as many bytes as there may be are copied, and of one more none', async () => {
  using directory = temporaryDirectory();
  const mirror = join(directory.path, 'mirror');
  const call = callIn(mirror);
  const ids = ['x', 'y'].map((letter) =>
    execFileSync('git', ['--git-dir', mirror, 'hash-object', '-w', '--stdin'], {
      input: letter.repeat(5_000),
      encoding: 'utf8',
    }).trim(),
  );
  await using objects = openObjects(call);
  const copy = (name: string, total: number) => objects.copy(ids, join(directory.path, name), { largestFile: 5_000, total });

  const { placed } = await copy('whole', 10_000);

  expect([...placed.values()].map(({ size }) => size)).toEqual([5_000, 5_000]);
  await expect(copy('beyond', 9_999)).rejects.toThrow(TooLarge);
});
