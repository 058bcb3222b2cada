import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { receiveRevision } from '../../src/operations/receive.ts';
import { acceptPushed } from '../../src/source/git/accept-pushed.ts';
import { openAgentState } from '../../src/state/agent-state.ts';
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

/** Has the host converge to a commit; while it is judged there, another one is accepted. */
async function receive(commit: string, other: string) {
  using state = openAgentState(host.state);
  const memory = state.memory('source');
  let accepted: Promise<void> | undefined;
  const trust = {
    get verify() {
      accepted ??= acceptPushed({ directory: host.state, memory }, { commit: other, branch: 'main', base: other, floor: one });
      return 'off' as const;
    },
  };
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
  const visited = { stateDirectory: host.state, host: 'box', root: undefined, rules: () => Promise.resolve({ trust, memory }) };
  const { signal } = new AbortController();
  const report = await receiveRevision({ order, bundle, place: host.path }, visited, () => undefined, signal);
  await accepted;
  return report;
}

it('a revision is not applied where another one was accepted since it was judged: it may not be on top of that', async () => {
  const two = host.commit('two');
  const three = host.commit('three');

  expect(await receive(two, three)).toMatchObject({ outcome: 'busy' });
  expect(host.motd()).toBe('one');
});

it('a revision that two people push at once is applied', async () => {
  const two = host.commit('two');

  expect(await receive(two, two)).toMatchObject({ outcome: 'converged' });
  expect(host.motd()).toBe('two');
});
