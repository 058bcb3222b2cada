import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { commit, down, drifted, rolledBack, rolloutRig, verdicts, type RolloutRig } from './rollout-rig.ts';
import { reportWith } from '../../report/report-fixture.ts';
import { aStatus } from '../../support/agent-port.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let rig: RolloutRig;
beforeEach(() => {
  directory = temporaryDirectory();
  rig = rolloutRig(directory.path);
});
afterEach(() => directory[Symbol.dispose]());

const canaryFirst = [{ hosts: ['a'] }, { hosts: ['b', 'c'] }];

describe('a rollout', () => {
  it('goes through the waves in order, and looks at each again before the next', async () => {
    const end = await rig.run(canaryFirst);

    expect(rig.asked).toEqual(['push a', 'check a', 'push b', 'push c', 'check b c']);
    expect(verdicts(end)).toBe('a: converged, b: converged, c: converged');
    expect(end.halted).toBeNull();
    expect(end.hosts.map(({ wave }) => wave)).toEqual(['w1', 'w2', 'w2']);
    expect(rig.store.read()?.phase).toBe('finished');
  });

  it('tells when waves begin, are watched and end', async () => {
    await rig.run([{ hosts: ['a'], bake: 20 }]);

    expect(rig.events).toEqual([
      { type: 'wave-started', wave: 'w1', hosts: ['a'] },
      { type: 'baking', wave: 'w1', until: expect.stringMatching(/Z$/) as string },
      { type: 'wave-finished', wave: 'w1', healthy: 1, failed: 0 },
    ]);
  });

  it('stops at a canary that fails: nobody else ever sees the revision', async () => {
    rig.pushes['a'] = rolledBack;

    const end = await rig.run(canaryFirst);

    expect(rig.asked).toEqual(['push a']);
    expect(verdicts(end)).toBe('a: rolledBack, b: halted, c: halted');
    expect(end.halted).toBe('1 of 1 hosts failed in wave w1');
    expect(end.hosts[1]).toMatchObject({ message: 'not begun: 1 of 1 hosts failed in wave w1', attempts: 0 });
    expect(rig.events.at(-1)).toEqual({ type: 'halted', wave: 'w1', reason: '1 of 1 hosts failed in wave w1' });
  });

  it('stops within a wave as soon as too many have failed', async () => {
    rig.pushes['a'] = rig.pushes['b'] = rolledBack;

    const end = await rig.run([{ hosts: ['a', 'b', 'c', 'd'], mayFail: 1 }]);

    expect(verdicts(end)).toBe('a: rolledBack, b: rolledBack, c: halted, d: halted');
  });

  it('goes on while no more have failed than may', async () => {
    rig.pushes['a'] = rolledBack;

    expect(verdicts(await rig.run([{ hosts: ['a', 'b'], mayFail: 1 }, { hosts: ['c'] }]))).toBe(
      'a: rolledBack, b: converged, c: converged',
    );
  });

  it('takes the revision back from a host that gets unwell while it is watched', async () => {
    rig.checks['a'] = drifted;

    const end = await rig.run(canaryFirst);

    expect(rig.asked).toEqual(['push a', 'check a', 'take back a run-a']);
    expect(verdicts(end)).toBe('a: rolledBack, b: halted, c: halted');
    expect(end.hosts[0]!.message).toBe('taken back: unwell after the change: service[gateway] is not running');
  });

  it.each([
    ['has stalled', aStatus({ stalled: 'three times the same plan' })],
    ['has failed with it', aStatus({ retry: { commit, failures: 2, next: '2026-11-21T08:00:00.000Z' } })],
    ['keeps changing', aStatus({ contested: ['file[/etc/motd]'] })],
  ])('takes it back where the host converges and its agent says that something %s', async (words, status) => {
    rig.checks['a'] = { verdict: 'converged', message: '', status };

    const end = await rig.run(canaryFirst);

    expect(end.hosts[0]).toMatchObject({ verdict: 'rolledBack', message: expect.stringContaining(words) as string });
  });

  it('takes it back from one that got unwell although the rollout may go on', async () => {
    rig.checks['a'] = drifted;

    const end = await rig.run([{ hosts: ['a', 'b'], mayFail: 1 }, { hosts: ['c'] }]);

    expect(verdicts(end)).toBe('a: rolledBack, b: converged, c: converged');
    expect(rig.asked).toContain('take back a run-a');
  });

  it.each([
    ['rollback_failed', ['take back b run-b'], 'a: converged, b: rolledBack, c: halted'],
    ['rollback_all', ['take back b run-b', 'take back a run-a'], 'a: rolledBack, b: rolledBack, c: halted'],
    ['keep', [], 'a: converged, b: error, c: halted'],
  ] as const)('that halts takes back what on_halt: %s says', async (onHalt, takenBack, expected) => {
    rig.checks['b'] = drifted;

    const end = await rig.run([{ hosts: ['a'] }, { hosts: ['b'] }, { hosts: ['c'] }], { onHalt });

    expect(rig.asked.filter((each) => each.startsWith('take back'))).toEqual(takenBack);
    expect(verdicts(end)).toBe(expected);
    expect(rig.store.read()?.phase).toBe('halted');
  });

  it('says what to do where it cannot be taken back', async () => {
    rig.checks['a'] = drifted;
    rig.rollbacks['a'] = { verdict: 'busy', message: 'another run is at work on this host' };

    const end = await rig.run(canaryFirst);

    expect(end.hosts[0]).toMatchObject({
      verdict: 'rollbackIncomplete',
      message: 'unwell after the change: service[gateway] is not running; not taken back: another run is at work on this host',
      hint: 'reconcile rollback run-a on that host',
    });
  });

  it('leaves another revision that somebody has brought to a host since', async () => {
    rig.checks['b'] = { verdict: 'refused', message: 'main is older than d' };
    rig.rollbacks['b'] = { verdict: 'refused', message: 'd was applied there since, and stays' };
    const { hosts } = await rig.run([{ hosts: ['a', 'b'] }]);

    expect(hosts.map(({ verdict, message }) => `${verdict}: ${message}`)).toEqual([
      'converged: Applied and verified',
      'error: unwell after the change: main is older than d; not taken back: d was applied there since, and stays',
    ]);
    expect(rig.store.read()).toMatchObject({ phase: 'halted', hosts: { b: { run: null, isTakenBack: false } } });
  });

  it('does not count hosts that were never tried as failed', async () => {
    rig.pushes['a'] = down;
    rig.pushes['b'] = { verdict: 'busy', message: 'suspended' };

    expect(verdicts(await rig.run([{ hosts: ['a', 'b', 'c'] }, { hosts: ['d'] }]))).toBe(
      'a: unreachable, b: busy, c: converged, d: converged',
    );
  });

  it('counts a host as failed that is lost while it carries the revision out, and takes that back', async () => {
    rig.pushes['a'] = down;
    rig.begun['a'] = 'run-a';

    expect(verdicts(await rig.run([{ hosts: ['a', 'b'] }]))).toBe('a: rolledBack, b: halted');
    expect(rig.asked).toEqual(['push a', 'take back a run-a']);
  });

  it('watches a host that says in its second answer that there was nothing to do, and takes back the first run', async () => {
    rig.pushes['a'] = { verdict: 'converged', message: 'nothing to do', report: reportWith({ run: 'run-2', writes: 0 }) };
    rig.begun['a'] = 'run-1';
    rig.checks['a'] = drifted;
    await rig.run(canaryFirst);

    expect(rig.asked).toEqual(['push a', 'check a', 'take back a run-1']);
  });

  it('has nothing to take back where the run that was heard of has put itself back', async () => {
    rig.pushes['a'] = { ...rolledBack, report: reportWith({ run: 'run-1', outcome: 'rolledBack', writes: 4 }) };
    rig.begun['a'] = 'run-1';
    await rig.run(canaryFirst);

    expect(rig.asked).toEqual(['push a']);
  });

  it('does not go on when nobody in a wave could be asked, and takes nothing back for that', async () => {
    rig.pushes['b'] = down;

    const end = await rig.run([{ hosts: ['a'] }, { hosts: ['b'] }, { hosts: ['c'] }], { onHalt: 'rollback_all' });

    expect(end.halted).toBe('no host of wave w2 took the revision, so that nothing is known of it');
    expect(verdicts(end)).toBe('a: converged, b: unreachable, c: halted');
    expect(rig.asked.join()).not.toContain('take back');
  });

  it('ends well when nobody of the last wave could be asked', async () => {
    rig.pushes['b'] = down;

    expect((await rig.run([{ hosts: ['a'] }, { hosts: ['b'] }])).halted).toBeNull();
  });

  it('does not watch hosts that had nothing to change', async () => {
    rig.pushes['a'] = { verdict: 'converged', message: 'nothing to do', report: reportWith({ writes: 0 }) };

    await rig.run([{ hosts: ['a'], bake: 3_600_000 }]);

    expect(rig.asked).toEqual(['push a']);
  });

  it('has as many hosts at work as it may', async () => {
    let atWork = 0;
    let most = 0;
    const arrived = Promise.withResolvers<void>();
    rig.whenPushed = async () => {
      most = Math.max(most, ++atWork);
      if (atWork === 3) arrived.resolve();
      await arrived.promise;
      atWork--;
    };

    await rig.run([{ hosts: ['a', 'b', 'c', 'd', 'e'] }], { forks: 3 });

    expect(most).toBe(3);
  });
});
