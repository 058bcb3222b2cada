import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openAttempts } from '../../src/agent/attempts.ts';
import { openContest } from '../../src/agent/contest.ts';
import { runPass } from '../../src/agent/pass.ts';
import type { Look } from '../../src/model/follower.ts';
import type { Memory } from '../../src/model/reporter.ts';
import { makeRunId } from '../../src/run/start-run.ts';
import { workingTree } from '../../src/source/working-tree.ts';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';

afterEach(() => void vi.unstubAllEnvs());

const commit = '1'.repeat(40);

/** Passes of an agent over what it finds: `pass(true)` is one that looked at the remote, too. */
function openPasses(look: Look, { env }: LiveRepository) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const parts = new Map<string, unknown>();
  const memory: Memory = { get: (name) => parts.get(name), set: (name, value) => void parts.set(name, value) };
  const attempts = openAttempts(memory);
  const deps = {
    follower: {
      look: () => Promise.resolve(look),
      accept: () => Promise.resolve(),
      isOvertaken: () => false,
      forsake: () => undefined,
      lastGood: () => (look.commit === null ? undefined : look.source),
    },
    attempts,
    contest: openContest(memory),
    stateDirectory: env['RECONCILE_STATE_DIR']!,
    waves: { turn: () => Promise.resolve(undefined), watch: () => undefined },
    bake: { judge: () => Promise.resolve(undefined) },
    place: { host: 'box', root: undefined },
  };
  const pass = (isPoll: boolean) => {
    const run = makeRunId(new Date().toISOString());
    const { signal } = new AbortController();
    return runPass(look, deps, { run, isPoll, suspendedUntil: undefined, approved: undefined, emit: () => undefined, signal });
  };
  return { attempts, pass };
}

it('a repair that has just failed is not made again because putting everything back has moved the host', async () => {
  using repository = makeLiveRepository('- { kind: file, path: "{{ base }}/a", content: one }');
  const { base, path } = repository;
  repository.report();
  repository.put('a', 'by hand');
  const head = { commit, branch: 'main' };
  const tree = workingTree(path);
  const source = { ...tree, workingTree: false, head: () => head, open: () => ({ ...tree.open(), ...head, workingTree: false }) };
  const look: Look = { state: 'fetched', source, commit, branch: 'main', seen: commit, remote: '/x' };
  const { attempts, pass } = openPasses(look, repository);
  const content = (): string => readFileSync(join(base, 'a'), 'utf8');
  attempts.failed(commit, 'it is unwell', Date.now() + 600_000);

  expect(await pass(false)).toEqual({ report: undefined, repair: undefined, retryAt: attempts.retryOf(commit) });
  expect(content()).toBe('by hand');
  expect(await pass(true)).toMatchObject({ repair: { outcome: 'converged', writes: 1 } });
  expect(content()).toBe('one');
  expect(attempts.of(commit)?.outcome).toBe('applied');
});

it('a working tree whose repair fails is tried again when its time has come, or when it holds something else', async () => {
  using repository = makeLiveRepository('- { kind: file, path: "{{ base }}/a", content: one }');
  const { base, path } = repository;
  repository.report();
  const judged = (by: string): string => `- { kind: file, path: "{{ base }}/a", content: one, validate: [${by}, "%s"] }`;
  repository.resources(judged('"false"'));
  repository.report();
  repository.put('a', 'by hand');
  const source = workingTree(path);
  const look: Look = { state: 'fetched', source, commit: null, branch: null, seen: null, remote: path };
  const { attempts, pass } = openPasses(look, repository);
  const content = (): string => readFileSync(join(base, 'a'), 'utf8');

  expect(await pass(false)).toMatchObject({ report: { outcome: 'rolledBack', retriable: true }, retryAt: expect.any(Number) });
  expect(await pass(false)).toMatchObject({ report: undefined, retryAt: expect.any(Number) });
  expect(content()).toBe('by hand');
  repository.resources(judged('"test", "-f"'));
  expect(await pass(false)).toMatchObject({ report: { outcome: 'converged' } });
  expect([content(), attempts.retrying()]).toEqual(['one', null]);
});
