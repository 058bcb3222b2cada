import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { isPassing } from '../../src/model/passing-error.ts';
import { git } from '../../src/resources/types/git.ts';
import { openChaosProxy, type Fault } from '../support/chaos-proxy.ts';
import { gitIn } from '../support/git-in.ts';
import { openGitServer } from '../support/git-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { contents, converge, prepare, signal } from './converge-kind.ts';

vi.setConfig({ testTimeout: 30_000 });

async function openUpstream() {
  const directory = temporaryDirectory();
  const upstream = join(directory.path, 'served', 'app');
  mkdirSync(upstream, { recursive: true });
  gitIn(upstream, 'init', '--quiet', '--initial-branch=main');
  for (const version of ['1', '2']) {
    writeFileSync(join(upstream, 'file'), version);
    gitIn(upstream, 'add', '--all');
    gitIn(upstream, 'commit', '--quiet', '--message', version);
    gitIn(upstream, 'tag', `v${version}`);
  }
  gitIn(upstream, 'clone', '--quiet', '--bare', '.', '../app.git');
  const server = await openGitServer(join(directory.path, 'served'));
  const proxy = await openChaosProxy(server);
  return {
    proxy,
    path: join(directory.path, 'checkout'),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

const failure = (done: Promise<unknown>): Promise<unknown> =>
  done.then(
    () => undefined,
    (error: unknown) => error,
  );

it.each<[string, Fault, boolean]>([
  ['answers 503', { type: 'status', code: 503 }, true],
  ['breaks off', { type: 'cut', part: 0.5 }, true],
  ['does not answer', { type: 'hang' }, true],
  ['has no such repository', { type: 'status', code: 404 }, false],
])('a server that %s: whether the revision can be tried again is told', async (_what, fault, isRetriable) => {
  await using upstream = await openUpstream();
  upstream.proxy.fault = fault;
  const wanted = { path: upstream.path, repo: upstream.proxy.url('app.git'), ref: 'v1', timeout: '2s' };

  const error = await failure(converge(git, wanted));

  expect(String(error)).toContain('git fetch in');
  expect(isPassing(error)).toBe(isRetriable);
});

it('a checkout that the network kept from being changed is taken back without a write', async () => {
  await using upstream = await openUpstream();
  const { path, proxy } = upstream;
  await converge(git, { path, repo: proxy.url('app.git'), ref: 'v1' });
  const { desired } = prepare(git, { path, repo: proxy.url('app.git'), ref: 'v2' });
  proxy.fault = { type: 'status', code: 404 };
  const host = openLocalHost({});
  const context = { host, last: undefined, contents, signal, survey: undefined };
  const saved = await git.undo!.capture(desired, context);
  expect(isPassing(await failure(Promise.resolve(git.apply(desired, [], context))))).toBe(false);
  const before = host.writes;

  await git.undo!.restore(saved, context);

  expect(host.writes).toBe(before);
  host.close();
});
