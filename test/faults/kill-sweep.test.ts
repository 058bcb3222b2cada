import { expect, it } from 'vitest';
import { chance, hasStrace, isLong, openFaultRig, sample, seed, type FaultRig, type SystemCall } from './fault-rig.ts';

const timeout = 3_600_000;

it.skipIf(!hasStrace)(
  `kill -9 at ${isLong ? 'every' : 'sampled'} disk-changing calls tears no file, and the next run converges`,
  { timeout },
  () => {
    using rig = openFaultRig();
    rig.restore();
    const calls = rig.mutatingCalls();
    const points = sample(calls, 9, chance('kill'));

    const fired = killAt(rig, points, () => rig.restore());

    expect(calls.length).toBeGreaterThan(200);
    tell('an apply', calls, points, fired);
  },
);

it.skipIf(!hasStrace)('kill -9 while one thing makes way for another leaves the old one or the new one', { timeout }, () => {
  using rig = openFaultRig();
  rig.restore();
  const removals = /^"[^"]*\/(a|b|c|deep|inside|to-directory|to-file)"/;
  const isRemoval = ({ name, text }: SystemCall): boolean => ['unlink', 'rmdir', 'mkdir'].includes(name) && removals.test(text);
  const all = rig.mutatingCalls();
  // Each removal and directory, and the call after it.
  const calls = all.filter((call, index) => isRemoval(call) || (index > 0 && isRemoval(all[index - 1]!)));
  const points = sample(calls, 4, chance('way'));

  const fired = killAt(rig, points, () => rig.restore());

  expect(calls.length).toBeGreaterThan(8);
  tell('what makes way', calls, points, fired);
});

it.skipIf(!hasStrace)('kill -9 of the run that recovers from a kill -9 is recovered from', { timeout }, () => {
  using rig = openFaultRig();
  const random = chance('double');
  rig.restore();
  // All of both would be tens of thousands.
  const first = sample(rig.mutatingCalls(), 3, random, 20);
  const calls: SystemCall[] = [];
  const points: SystemCall[] = [];
  let fired = 0;

  for (const call of first) {
    rig.restore();
    rig.inject(call, 'signal=KILL');
    const crashed = rig.keep();
    const again = rig.mutatingCalls();
    const chosen = sample(again, 2, random, 20);
    fired += killAt(rig, chosen, () => rig.restore(crashed), `after ${call.name} ${call.nth}, `);
    calls.push(...again);
    points.push(...chosen);
  }

  tell('a recovery', calls, points, fired);
});

it.skipIf(!hasStrace)('kill -9 of `reconcile rollback` leaves all of it or nothing to the next run', { timeout }, () => {
  using rig = openFaultRig();
  rig.restore();
  expect(rig.run().exit).toBe(0);
  const applied = rig.keep();
  const calls = rig.mutatingCalls(['rollback']);
  const points = sample(calls, 4, chance('rollback'));
  const exits: (number | null)[] = [];
  let fired = 0;

  for (const call of points) {
    rig.restore(applied);
    const place = `${call.name} ${call.nth} (${call.text.slice(0, 80)}), seed ${seed}`;
    if (rig.inject(call, 'signal=KILL', ['rollback']).fired) fired++;
    rig.expectWhole(place);
    const { exit, stdout } = rig.run();
    exits.push(exit);
    expect([0, 7], `${place}: ${stdout}`).toContain(exit);
    expect(rig.now(), `${place}: ${stdout}`).toEqual(exit === 0 ? rig.goal : rig.before);
    rig.release();
    rig.expectConverges(place);
  }

  tell('a rollback', calls, points, fired);
  expect(exits.filter((exit) => exit === 7).length).toBeGreaterThan(points.length / 3);
});

/** How many of them fired. After each the tree is whole and the next run converges. */
function killAt(rig: FaultRig, points: readonly SystemCall[], restore: () => void, prefix = ''): number {
  let fired = 0;
  for (const call of points) {
    restore();
    const place = `${prefix}${call.name} ${call.nth} (${call.text.slice(0, 80)}), seed ${seed}`;
    if (rig.inject(call, 'signal=KILL').fired) fired++;
    rig.expectWhole(place);
    rig.expectConverges(place);
  }
  return fired;
}

function tell(what: string, calls: readonly SystemCall[], points: readonly SystemCall[], fired: number): void {
  console.log(`seed ${seed}: ${what} has ${calls.length} disk-changing calls; killed at ${fired} of ${points.length} chosen`);
  expect(points.length - fired).toBeLessThanOrEqual(Math.ceil(points.length * 0.03));
}
