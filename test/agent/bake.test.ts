import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { openBake } from '../../src/agent/bake.ts';
import type { Look } from '../../src/model/follower.ts';
import { healthFailure } from '../../src/model/report.ts';
import type { Memory } from '../../src/model/reporter.ts';
import { workingTree } from '../../src/source/working-tree.ts';
import { reportWith } from '../report/report-fixture.ts';
import { makeLiveRepository } from '../support/live-repository.ts';

afterEach(() => void vi.unstubAllEnvs());

const [one, two] = ['1', '2'].map((digit) => digit.repeat(40)) as [string, string];
const silent = (): void => undefined;

/** A host that has applied a role, which is well as long as a file is there, and watches over it for an hour. */
function openWatched() {
  const repository = makeLiveRepository('- { kind: file, path: "{{ base }}/a", content: one }', {
    'roles/own/role.yaml':
      'summary: well\nresources: []\nhealth:\n  - command: { argv: [test, -e, "{{ base }}/well"], within: 100ms }\n',
  });
  const { base, env, path } = repository;
  const resources = (content: string): void =>
    repository.write(
      'desired-state/site.yaml',
      `assignments:\n  - { hosts: all, roles: [own], resources: [{ kind: file, path: "{{ base }}/a", content: ${content} }] }\n`,
    );
  repository.put('well', '');
  resources('one');
  repository.report();
  resources('two');
  const applied = repository.report();
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const parts = new Map<string, unknown>();
  const memory: Memory = { get: (name) => parts.get(name), set: (name, value) => void parts.set(name, value) };
  const asked: (string | undefined)[] = [];
  const bake = openBake({
    waves: { watch: () => ({ bake: 3_600_000, takesBack: true }) },
    memory,
    stateDirectory: env['RECONCILE_STATE_DIR']!,
    place: { host: 'box', root: undefined },
    asked: (health) => asked.push(healthFailure(health)),
  });
  const lookAt = (commit: string): Look => ({
    state: 'fetched',
    source: workingTree(path),
    commit,
    branch: 'main',
    seen: commit,
    remote: '/x',
  });
  const { signal } = new AbortController();
  return {
    repository,
    applied,
    asked,
    watched: () => parts.get('watched') as { readonly run: string; readonly until: number },
    end: (since = 1): void => memory.set('watched', { ...(parts.get('watched') as object), until: Date.now() - since }),
    judge: (commit: string, report = reportWith({ outcome: 'converged', writes: 0 })) =>
      bake.judge(lookAt(commit), report, silent, signal),
    sicken: (): void => rmSync(join(base, 'well')),
    content: (): string => readFileSync(join(base, 'a'), 'utf8'),
    [Symbol.dispose]: () => repository[Symbol.dispose](),
  };
}

it('a revision that comes while another is watched is watched with it, also where it changes nothing', async () => {
  using host = openWatched();
  const { run } = host.applied;
  expect(await host.judge(one, host.applied)).toEqual({ until: expect.any(Number) });

  expect(await host.judge(two)).toEqual({ until: expect.closeTo(host.watched().until, -2) });
  expect(host.watched()).toMatchObject({ commit: two, run });

  host.sicken();
  host.end();
  expect(await host.judge(two)).toMatchObject({
    report: { outcome: 'rolledBack', takenBack: [run], revision: { commit: two } },
  });
  expect(host.content()).toBe('one');
  expect(host.watched()).toBeUndefined();
  // What was taken back does not stand.
  expect(host.asked).toEqual([]);
});

it('a revision that changes nothing is not watched when the one before was well, or its time is over', async () => {
  using host = openWatched();
  expect(await host.judge(two)).toBeUndefined();
  await host.judge(one, host.applied);
  host.end(3_600_000);

  expect(await host.judge(two)).toBeUndefined();
  expect(await host.judge(one)).toBeUndefined();
  expect(host.watched()).toMatchObject({ commit: one, until: null });
  expect(host.asked).toEqual([undefined]);
  host.sicken();
  expect(await host.judge(two)).toBeUndefined();
  expect(host.content()).toBe('two');
});

it('a time that a clock has written down which was ahead ends after a whole bake time', async () => {
  using host = openWatched();
  await host.judge(one, host.applied);
  const { until } = host.watched();
  host.end(-20 * 365 * 86_400_000);

  const standing = await host.judge(one);

  expect(standing).toEqual({ until: expect.closeTo(host.watched().until, -2) });
  expect(host.watched().until - until).toBeLessThan(3_600_000);
  expect(await host.judge(one)).toEqual({ until: expect.closeTo(standing!.until!, -2) });
});

it.each([
  ['forward by 50 years, as by NTP after a boot', 50],
  ['back by 50 years', -50],
])('a bake time is as long where the clock is set %s', async (_title, years) => {
  using host = openWatched();
  await host.judge(one, host.applied);
  const left = host.watched().until - Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + years * 365 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  host.sicken();

  const standing = await host.judge(one);

  const leftThen = (standing?.until ?? NaN) - Date.now();
  expect([leftThen <= left + 1, leftThen > left - 60_000]).toEqual([true, true]);
  expect(await host.judge(two)).toEqual({ until: expect.any(Number) });
});
