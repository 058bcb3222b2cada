import { globSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/model/fleet.ts';
import type { RolloutWish } from '../../../src/model/rollout.ts';
import { openRolloutStore } from '../../../src/fleet/rollout/rollout-store.ts';
import { reportWith } from '../../report/report-fixture.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { down, drifted, rolledBack, rolloutRig, told, verdicts, type RolloutRig } from './rollout-rig.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let rig: RolloutRig;
beforeEach(() => {
  directory = temporaryDirectory();
  rig = rolloutRig(directory.path);
});
afterEach(() => directory[Symbol.dispose]());

const wish = (word: RolloutWish['word']): RolloutWish => ({ word, by: 'alice', at: '2026-11-21T08:00:00.000Z' });
/** What another terminal sees and does. */
const elsewhere = () => openRolloutStore(directory.path, '/srv/config');
const waves = [{ hosts: ['a'] }, { hosts: ['b', 'c'] }];

describe('a rollout that is paused at another terminal', () => {
  it('begins no further host until it is resumed', async () => {
    rig.whenPushed = (host) => {
      if (host === 'a') elsewhere().setWish(wish('pause'));
    };
    const paused = told(rig, 'paused');
    const resumed = told(rig, 'resumed');
    const end = rig.run(waves);
    await paused;

    expect(rig.asked).toEqual(['push a', 'check a']);
    elsewhere().setWish(undefined);
    await resumed;
    expect(verdicts(await end)).toBe('a: converged, b: converged, c: converged');
    expect(rig.events.filter(({ type }) => type === 'paused' || type === 'resumed')).toHaveLength(2);
  });

  it('begins within a wave no further host either', async () => {
    rig.whenPushed = (host) => {
      if (host === 'b') elsewhere().setWish(wish('pause'));
    };
    const paused = told(rig, 'paused');
    const end = rig.run([{ hosts: ['b', 'c'] }]);
    await paused;

    expect(rig.asked).toEqual(['push b']);
    elsewhere().setWish(undefined);
    await end;
  });

  it('can be aborted', async () => {
    elsewhere().setWish(wish('pause'));
    const paused = told(rig, 'paused');
    const end = rig.run(waves);
    await paused;
    elsewhere().setWish(wish('abort'));

    expect(await end).toMatchObject({ halted: 'aborted by alice' });
    expect(rig.asked).toEqual([]);
  });
});

describe('a rollout that is aborted at another terminal', () => {
  it('finishes the hosts at work, begins no other and takes nothing back', async () => {
    rig.whenPushed = (host) => {
      if (host === 'b') elsewhere().setWish(wish('abort'));
    };

    const end = await rig.run(waves, { onHalt: 'rollback_all' });

    expect(verdicts(end)).toBe('a: converged, b: converged, c: halted');
    expect(end.halted).toBe('aborted by alice');
    expect(end.hosts[2]!.message).toBe('not begun: aborted by alice');
    expect(rig.asked.join()).not.toContain('take back');
    expect(rig.store.read()?.phase).toBe('aborted');
  });

  it.each([undefined, wish('pause')])('stays so, whatever is wished afterwards', async (later) => {
    rig.whenPushed = async (host) => {
      if (host !== 'b') return;
      elsewhere().setWish(wish('abort'));
      // The gate looks by its own clock.
      await setTimeout(500);
      elsewhere().setWish(later);
    };

    const end = await rig.run(waves);

    expect(verdicts(end)).toBe('a: converged, b: converged, c: halted');
    expect(end).toMatchObject({ halted: 'aborted by alice', isOpen: false });
    expect(rig.store.read()?.phase).toBe('aborted');
  });

  it('does not wait for the end of the bake time', async () => {
    const baking = told(rig, 'baking');
    const end = rig.run([{ hosts: ['a'], bake: 3_600_000 }]);
    await baking;
    elsewhere().setWish(wish('abort'));

    expect((await end).halted).toBe('aborted by alice');
    expect(rig.asked).toEqual(['push a']);
  });
});

describe('a rollout whose process is ended', () => {
  it('goes on where it was: what is done is neither pushed nor watched again', async () => {
    rig.whenPushed = (host) => {
      if (host === 'b') rig.interrupt.abort();
    };
    const first = await rig.run(waves);
    expect(verdicts(first)).toBe('a: converged, b: halted, c: halted');
    expect(first).toMatchObject({ halted: 'interrupted; the same command goes on where it was', isOpen: true });

    const again = rolloutRig(directory.path);
    const end = await again.run(waves);

    expect(again.asked).toEqual(['push b', 'push c', 'check b c']);
    expect(verdicts(end)).toBe('a: converged, b: converged, c: converged');
    expect(end.hosts[0]).toMatchObject({ message: 'Applied and verified', wave: 'w1' });
    expect(end).toMatchObject({ halted: null, isOpen: false });
  });

  it('remembers who failed, and does not push a revision there again', async () => {
    rig.pushes['b'] = rolledBack;
    rig.whenPushed = (host) => {
      if (host === 'c') rig.interrupt.abort();
    };
    const three = [{ hosts: ['b', 'c', 'd'], mayFail: 1 }];
    await rig.run(three);

    const again = rolloutRig(directory.path);
    again.pushes['c'] = rolledBack;
    const end = await again.run(three);

    expect(again.asked).toEqual(['push c']);
    expect(verdicts(end)).toBe('b: rolledBack, c: rolledBack, d: halted');
  });

  it.each([
    ['interrupted', () => rig.interrupt.abort()],
    [
      'told that the host is still at work',
      () => {
        rig.pushes['a'] = { verdict: 'busy', message: 'another run is at work' };
      },
    ],
  ])('watches afterwards who had begun when it was %s', async (_how, happen) => {
    rig.begun['a'] = 'run-1';
    rig.whenPushed = happen;
    await rig.run(waves);
    expect(rig.store.read()).toMatchObject({ phase: 'running', begun: { a: 'run-1' } });

    const again = rolloutRig(directory.path);
    again.pushes['a'] = { verdict: 'converged', message: 'nothing to do', report: reportWith({ run: 'run-2', writes: 0 }) };
    again.checks['a'] = drifted;
    await again.run(waves);

    expect(again.asked).toEqual(['push a', 'check a', 'take back a run-1']);
  });

  it('waits only for what is left of the bake time', async () => {
    const baking = told(rig, 'baking');
    const end = rig.run([{ hosts: ['a'], bake: 3_600_000 }]);
    await baking;
    rig.interrupt.abort();
    await end;
    const left = rig.store.read()!;
    rig.store.write({ ...left, waves: left.waves.map((wave) => ({ ...wave, until: '2026-11-21T00:00:00.000Z' })) });

    const again = rolloutRig(directory.path);
    await again.run([{ hosts: ['a'], bake: 3_600_000 }]);

    expect(again.asked).toEqual(['check a']);
  });

  it('takes back afterwards what it had decided to take back', async () => {
    rig.checks['a'] = drifted;
    await expect(rig.run(waves, { takeBack: () => Promise.reject(new Error('killed')) })).rejects.toThrow('killed');

    const again = rolloutRig(directory.path);
    const end = await again.run(waves);

    expect(again.asked).toEqual(['take back a run-a']);
    expect(verdicts(end)).toBe('a: rolledBack, b: halted, c: halted');
    expect(again.store.read()?.phase).toBe('halted');
  });

  it.each([
    ['halts', 0, 'halting', 'a: error, a2: converged, b: halted'],
    ['goes on', 1, 'running', 'a: error, a2: converged, b: halted'],
  ] as const)('that %s takes back afterwards what it was interrupted in', async (_what, mayFail, phase, left) => {
    rig.checks['a'] = drifted;
    const two = [{ hosts: ['a', 'a2'], mayFail }, { hosts: ['b'] }];
    const takeBack = async (host: string): Promise<Finding> => {
      rig.asked.push(`take back ${host}`);
      rig.interrupt.abort();
      return { verdict: 'halted', message: 'the command was interrupted while the host was at work' };
    };
    const first = await rig.run(two, { onHalt: 'rollback_all', takeBack });
    expect([verdicts(first), rig.store.read()?.phase]).toEqual([left, phase]);
    expect(first.halted).toMatch(/taking it back was interrupted; the same command goes on where it was$/);
    expect(rig.asked.filter((each) => each.startsWith('take back'))).toEqual(['take back a']);

    const again = rolloutRig(directory.path);
    const end = await again.run(two, { onHalt: 'rollback_all' });

    expect(again.asked.slice(mayFail)).toEqual(
      mayFail === 0 ? ['take back a run-a', 'take back a2 run-a2'] : ['take back a run-a', 'push b', 'check b'],
    );
    expect(again.store.read()?.phase).toBe(mayFail === 0 ? 'halted' : 'finished');
    expect(end.hosts[0]).toMatchObject({ verdict: 'rolledBack' });
  });

  it.each([
    ['another commit', { commit: 'd'.repeat(40) }, waves],
    ['other tags', { tags: ['cron'] }, waves],
    ['other waves', {}, [{ hosts: ['a', 'b'] }, { hosts: ['c'] }]],
  ])('begins anew with %s', async (_what, members, next) => {
    rig.whenPushed = (host) => {
      if (host === 'b') rig.interrupt.abort();
    };
    await rig.run(waves);

    const again = rolloutRig(directory.path);
    await again.run(next, members);

    expect(again.asked.filter((each) => each.startsWith('push'))).toEqual(['push a', 'push b', 'push c']);
  });

  it('counts a host that answered to be busy, and is unreachable when it goes on, as one that was never tried', async () => {
    const report = reportWith({ run: 'run-a', outcome: 'busy', writes: 0 });
    rig.pushes['a'] = { verdict: 'busy', message: 'another run is at work', report };
    const again = rolloutRig(directory.path);
    again.pushes['a'] = down;
    rig.whenPushed = (host) => void (host === 'b' && rig.interrupt.abort());
    await rig.run([{ hosts: ['a', 'b'] }]);

    expect(verdicts(await again.run([{ hosts: ['a', 'b'] }]))).toBe('a: unreachable, b: converged');
    expect(again.asked).toEqual(['push a', 'push b', 'check b']);
  });

  it('is remembered durably after each host, for its owner only', async () => {
    const seen: string[] = [];
    rig.whenPushed = () => void seen.push(Object.keys(rig.store.read()?.hosts ?? {}).join(' '));
    await rig.run(waves);

    expect(seen).toEqual(['', 'a', 'a b']);
    for (const file of globSync('rollout-*/state.json', { cwd: directory.path }))
      expect(statSync(join(directory.path, file)).mode & 0o777).toBe(0o600);
  });
});

describe('what is remembered of rollouts', () => {
  it('is one for each repository', async () => {
    await rig.run(waves);

    expect(openRolloutStore(directory.path, '/srv/other').read()).toBeUndefined();
  });

  it.each(['', '{"schema":"reconcile.rollout/9"}', '[]', 'null'])('is nothing where the file says %j', async (text) => {
    await rig.run(waves);
    for (const file of globSync('rollout-*/state.json', { cwd: directory.path })) writeFileSync(join(directory.path, file), text);

    expect(rig.store.read()).toBeUndefined();
  });

  it('is changed by one process at a time', () => {
    const lock = rig.store.lock();

    expect(elsewhere().lock()).toBeUndefined();
    lock?.release();
    elsewhere().lock()!.release();
  });
});
