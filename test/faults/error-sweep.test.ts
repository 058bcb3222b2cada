import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { chance, hasStrace, isLong, openFaultRig, sample, seed } from './fault-rig.ts';

/** Errors, and the calls that can end with them. */
const faults: Readonly<Record<string, readonly string[]>> = {
  ENOSPC: ['write', 'pwrite64', 'fsync', 'openat', 'rename', 'mkdir', 'ftruncate', 'symlink', 'link'],
  EDQUOT: ['write', 'pwrite64', 'openat', 'rename', 'mkdir'],
  EIO: [
    'write',
    'pwrite64',
    'fsync',
    'fdatasync',
    'openat',
    'rename',
    'mkdir',
    'unlink',
    'rmdir',
    'fchmod',
    'fchown',
    'ftruncate',
  ],
  EROFS: ['openat', 'rename', 'mkdir', 'unlink', 'rmdir', 'fchmod', 'fchown', 'ftruncate'],
  EINTR: ['write', 'pwrite64', 'fsync', 'openat'],
};

/**
 * Once, as a bad block does it, and from there on, as a full disk does it. Not an interruption, which is waited out, and not
 * `write`, by which Node also wakes its own threads.
 */
const spansOf = (fault: string, name: string): readonly string[] => (fault === 'EINTR' || name === 'write' ? [''] : ['', '+']);

it.skipIf(!hasStrace)(
  `an error of ${isLong ? 'every' : 'sampled'} disk-changing calls is told, and the previous tree stands`,
  { timeout: 3_600_000 },
  () => {
    using rig = openFaultRig();
    rig.restore();
    const calls = rig.mutatingCalls();
    const cases = Object.entries(faults).flatMap(([fault, names]) =>
      names.flatMap((name) =>
        spansOf(fault, name).flatMap((span) =>
          calls.filter((call) => call.name === name).map((call) => ({ fault: fault + span, call })),
        ),
      ),
    );
    const chosen = sample(cases, 12, chance('errors'));
    const failures: string[] = [];
    let fired = 0;
    const exits: Record<string, number> = {};

    for (const { fault, call } of chosen) {
      rig.restore();
      const { exit, stdout, stderr, fired: hasFired } = rig.inject(call, `error=${fault}`, ['-o', 'json']);
      if (!hasFired) continue;
      fired++;
      exits[String(exit)] = (exits[String(exit)] ?? 0) + 1;
      const point = `${fault} in ${call.name} ${call.nth} (${call.text.slice(0, 100)}), seed ${seed}`;
      const told = stderr + (stdout.startsWith('{') ? (JSON.parse(stdout) as Report).summary : '');
      const said = `${point}: exit ${exit}: ${told}`;
      if (process.env['DEBUG']) console.log(said);
      try {
        expect([0, 1, 6, 8]).toContain(exit);
        if (exit === 0) expect(rig.now(), 'it was harmless').toEqual(rig.goal);
        else expect(told, 'the message').toMatch(place);
        if (exit === 6) expect(rig.now(), 'rolled back').toEqual(rig.before);
        if (exit === 6) expect(told, 'a disk is no fault of a revision').toContain('the same revision can be tried again');
        rig.expectWhole('after it');
        rig.release();
        rig.expectConverges('then');
      } catch (error) {
        failures.push(`${said}\n${(error as Error).message}\n---------`);
      }
    }

    console.log(`seed ${seed}: ${fired} of ${chosen.length} errors (of ${cases.length}) fired; exits ${JSON.stringify(exits)}`);
    expect(failures).toEqual([]);
    expect(chosen.length - fired).toBeLessThanOrEqual(Math.ceil(chosen.length * 0.03));
  },
);

/** A path that people can look at, beside the reason. */
const place = /(\/(etc|srv|new|var)\/|state\.db|lock\.db|undo\.key|dist\/lib\/)/;
