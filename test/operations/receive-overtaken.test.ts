import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { receiveRevision } from '../../src/operations/receive.ts';
import type { Rules } from '../../src/operations/receive-unknown.ts';
import { acceptPushed } from '../../src/source/git/accept-pushed.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
import { takeLock } from '../../src/state/lock.ts';
import { openVisitRig, type VisitRig } from './visit-rig.ts';

vi.setConfig({ testTimeout: 60_000 });

let host: VisitRig;
let one: string;
beforeEach(async () => {
  host = openVisitRig();
  one = host.commit('one');
  await host.visit('converge', one);
  for (const [name, value] of Object.entries(host.environment)) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
  host[Symbol.dispose]();
});

/** Has the host converge to a commit that it judges by these rules. */
async function receive(commit: string, rules: Rules) {
  const bundle = join(host.path, 'order.bundle');
  writeFileSync(bundle, host.bundle(commit, [one]));
  const order = {
    protocol: 1,
    action: 'converge',
    host: 'box',
    commit,
    branch: 'main',
    bundle: 1,
    tags: [],
    paranoid: false,
  } as const;
  const visited = { stateDirectory: host.state, host: 'box', root: undefined, rules: () => Promise.resolve(rules) };
  const { signal } = new AbortController();
  return receiveRevision({ order, bundle, place: host.path }, visited, () => undefined, signal);
}

/** The same; while it is judged, another one is accepted. */
async function receiveBeside(commit: string, other: string) {
  using state = openAgentState(host.state);
  const memory = state.memory('source');
  let accepted: Promise<void> | undefined;
  const trust = {
    get verify() {
      accepted ??= acceptPushed({ directory: host.state, memory }, { commit: other, branch: 'main', base: other, floor: one });
      return 'off' as const;
    },
  };
  const report = await receive(commit, { trust, memory });
  await accepted;
  return report;
}

it('a revision is not applied where another one was accepted since it was judged: it may not be on top of that', async () => {
  const two = host.commit('two');
  const three = host.commit('three');

  expect(await receiveBeside(two, three)).toMatchObject({ outcome: 'busy' });
  expect(host.motd()).toBe('one');
});

it('a revision that two people push at once is applied', async () => {
  const two = host.commit('two');

  expect(await receiveBeside(two, two)).toMatchObject({ outcome: 'converged' });
  expect(host.motd()).toBe('two');
});

it('a revision is accepted before another run can be at work, which would be judged by what was accepted before', async () => {
  const two = host.commit('two');
  using state = openAgentState(host.state);
  const memory = state.memory('source');
  const isFree: boolean[] = [];
  const watched: typeof memory = {
    ...memory,
    set(name, value) {
      using lock = takeLock(host.state);
      isFree.push(lock !== undefined);
      memory.set(name, value);
    },
  };

  expect(await receive(two, { trust: { verify: 'off' }, memory: watched })).toMatchObject({ outcome: 'converged' });
  expect(isFree).not.toHaveLength(0);
  expect(isFree).not.toContain(true);
});
