import fc from 'fast-check';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { down, drifted, rolledBack, rolloutRig } from './rollout-rig.ts';

const behaviour = fc.constantFrom('well', 'rolls back', 'is down', 'gets unwell');
const aWave = fc.record({ hosts: fc.array(behaviour, { minLength: 1, maxLength: 4 }), mayFail: fc.nat(2) });
const waves = fc.array(aWave, { minLength: 1, maxLength: 4 });

it('whatever hosts do, a wave begins only when the one before has proved the revision, and every host has one outcome', async () => {
  await fc.assert(
    fc.asyncProperty(
      waves,
      fc.constantFrom('rollback_failed', 'rollback_all', 'keep'),
      fc.integer({ min: 1, max: 3 }),
      async (planned, onHalt, forks) => {
        using directory = temporaryDirectory();
        const rig = rolloutRig(directory.path);
        const named = planned.map(({ hosts, mayFail }, wave) => ({
          mayFail,
          hosts: hosts.map((does, index) => {
            const name = `h${wave}${index}`;
            if (does === 'rolls back') rig.pushes[name] = rolledBack;
            if (does === 'is down') rig.pushes[name] = down;
            if (does === 'gets unwell') rig.checks[name] = drifted;
            return name;
          }),
        }));
        const { hosts, halted } = await rig.run(named, { onHalt, forks });

        expect(hosts.map(({ host }) => host)).toEqual(named.flatMap((wave) => wave.hosts));
        const pushed = rig.asked.filter((each) => each.startsWith('push ')).map((each) => each.slice(5));
        expect(new Set(pushed).size).toBe(pushed.length);
        for (const { host, verdict } of hosts) expect(pushed.includes(host)).toBe(verdict !== 'halted');

        const mayFollow = planned.map(({ hosts: of, mayFail }) => {
          const failed = of.filter((does) => does === 'rolls back' || does === 'gets unwell').length;
          return failed <= mayFail && of.includes('well');
        });
        named.forEach((wave, index) => {
          const isReached = mayFollow.slice(0, index).every(Boolean);
          expect(wave.hosts.some((host) => pushed.includes(host))).toBe(isReached);
        });
        // Of the last wave nobody needs to be well.
        const last = planned.at(-1)!;
        const endsWell = last.hosts.filter((does) => does === 'rolls back' || does === 'gets unwell').length <= last.mayFail;
        expect(halted === null).toBe(mayFollow.slice(0, -1).every(Boolean) && endsWell);

        const back = rig.asked.flatMap((each) => /^take back (\S+)/.exec(each)?.[1] ?? []);
        const unwell = pushed.filter((host) => rig.checks[host]);
        expect(new Set(back).size).toBe(back.length);
        if (onHalt === 'keep') expect(back).toEqual([]);
        // In a wave that stops half-way nobody is watched any more.
        else
          expect(
            unwell.filter(
              (host) => !back.includes(host) && rig.asked.some((each) => each.startsWith('check') && each.includes(host)),
            ),
          ).toEqual([]);
        for (const host of back) expect(rig.pushes[host]).toBeUndefined();
      },
    ),
    { numRuns: 60 },
  );
});
