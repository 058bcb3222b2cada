import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { explainFetchFailure } from '../../../src/source/git/fetch-failure.ts';
import { askGit, GitFailure, runGit, type GitCall } from '../../../src/source/git/run-git.ts';
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
