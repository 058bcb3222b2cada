import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RolloutStore } from '../../../src/fleet/rollout/rollout-store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { down, drifted, rolledBack, rolloutRig, told, verdicts, type RolloutRig } from './rollout-rig.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let rig: RolloutRig;
beforeEach(() => {
  directory = temporaryDirectory();
  rig = rolloutRig(directory.path);
});
afterEach(() => directory[Symbol.dispose]());

const waves = [{ hosts: ['a'] }, { hosts: ['b', 'c'] }];

it('a rollout that goes on has a bake time of its own for a host that takes the revision after it', async () => {
  rig.pushes['b'] = down;
  const baking = told(rig, 'baking');
  const pair = [{ hosts: ['a', 'b'], bake: 300, mayFail: 1 }];
  const first = rig.run(pair);
  await baking;
  rig.interrupt.abort();
  await first;
  const { until } = rig.store.read()!.waves[0]!;
  await setTimeout(300);

  const again = rolloutRig(directory.path);
  await again.run(pair);

  expect(again.asked).toEqual(['push b', 'check a b']);
  expect(Date.parse(again.store.read()!.waves[0]!.until!)).toBeGreaterThan(Date.parse(until!) + 299);
});

it('a rollout that goes on bakes no longer than that takes, where the clock was set back meanwhile', async () => {
  const baking = told(rig, 'baking');
  const wave = { hosts: ['a'], bake: 300 };
  const first = rig.run([wave]);
  await baking;
  rig.interrupt.abort();
  await first;
  const state = rig.store.read()!;
  const until = new Date(Date.now() + 3_600_000).toISOString();
  rig.store.write({ ...state, waves: state.waves.map((each) => ({ ...each, until })) });

  const again = rolloutRig(directory.path);
  expect(verdicts(await again.run([wave]))).toBe('a: converged');
  expect(again.asked).toEqual(['check a']);
});

it('a rollout that goes on takes back with all others who had begun and did not say how that ended', async () => {
  rig.pushes['a'] = rolledBack;
  rig.begun['b'] = 'run-b1';
  rig.whenPushed = async (host) => {
    if (host !== 'b') return;
    while (rig.store.read()!.hosts['a'] === undefined) await setTimeout(5);
    rig.interrupt.abort();
  };
  const three = [{ hosts: ['a', 'b', 'c'] }];
  await rig.run(three, { forks: 2, onHalt: 'rollback_all' });

  const again = rolloutRig(directory.path);
  const end = await again.run(three, { onHalt: 'rollback_all' });

  expect(again.asked).toEqual(['take back b run-b1']);
  expect(verdicts(end)).toBe('a: rolledBack, b: rolledBack, c: halted');
});

it('a rollout is not forgotten by a push of others: who has the revision is watched by the next one', async () => {
  rig.checks['a'] = drifted;
  rig.rollbacks['a'] = { verdict: 'halted', message: 'interrupted' };
  expect(verdicts(await rig.run(waves))).toBe('a: error, b: halted, c: halted');
  const others = rolloutRig(directory.path);
  await others.run([{ hosts: ['c'] }]);
  expect(others.asked).toEqual(['push c', 'check c']);

  const again = rolloutRig(directory.path);
  again.pushes['a'] = { verdict: 'converged', message: 'nothing to do' };
  again.checks['a'] = drifted;
  const end = await again.run(waves);

  expect(again.asked).toEqual(['push a', 'check a', 'take back a run-a']);
  expect(verdicts(end)).toBe('a: rolledBack, b: halted, c: halted');
});

it('a rollout that is killed at the end of a wave of which nobody took the revision does not go on with the next', async () => {
  rig.pushes['a'] = down;
  const { store } = rig;
  const add: RolloutStore['add'] = (change, whole) => {
    store.add(change, whole);
    if ('wave' in change && change.isDone !== undefined) throw new Error('killed');
  };
  await rig.run(waves, { store: { ...store, add } }).catch(() => undefined);

  const again = rolloutRig(directory.path);
  again.pushes['a'] = down;
  const end = await again.run(waves);

  expect(again.asked).toEqual(['push a']);
  expect(verdicts(end)).toBe('a: unreachable, b: halted, c: halted');
});
