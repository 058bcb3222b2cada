import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../src/model/agent.ts';
import { dueDigest, nextDigest } from '../../src/notify/digest-times.ts';
import { makeDigest } from '../../src/notify/make-digest.ts';
import { renderDigest } from '../../src/notify/render-digest.ts';
import { stepWith } from '../report/report-fixture.ts';
import { failedRun, goodRun, statusWith } from './notify-rig.ts';

const since = Date.parse('2026-11-19T07:00:00Z');
const until = Date.parse('2026-11-20T07:00:00Z');
const healed = (startedAt: string) =>
  goodRun('a', { startedAt, steps: [stepWith({ address: 'file[/a]', cause: 'drift', outcome: 'changed' })] });
const night = [
  failedRun('b', { run: 'r3', startedAt: '2026-11-20T03:12:00.000Z' }),
  goodRun('a', { run: 'r1', startedAt: '2026-11-19T22:00:00.000Z', steps: [stepWith({ outcome: 'changed' })] }),
  healed('2026-11-20T01:00:00.000Z'),
  healed('2026-11-20T02:00:00.000Z'),
  goodRun('a', { startedAt: '2026-11-20T04:00:00.000Z', outcome: 'busy' }),
  goodRun('a', {
    startedAt: '2026-11-20T05:00:00.000Z',
    outcome: 'driftOnly',
    steps: [stepWith({ address: 'file[/b]', cause: 'drift', outcome: 'held' })],
  }),
  failedRun('old', { startedAt: '2026-11-19T06:59:59.999Z' }),
  failedRun('new', { startedAt: '2026-11-20T07:00:00.000Z' }),
];
const status = statusWith({
  revision: { applied: 'a'.repeat(40), seen: 'b'.repeat(40), branch: 'main' },
  lastSuccess: '2026-11-20T06:58:00.000Z',
  approval: { run: 'r9', reason: 'touches sshd', planDigest: 'd', expires: '2026-11-27T06:00:00.000Z' },
  suspended: { reason: 'disk swap', by: 'ana', until: '2026-11-20T09:00:00.000Z' },
  contested: ['file[/c]'],
  health: { at: '2026-11-20T06:00:00.000Z', checks: 2, failure: 'health check failed: web: tcp 80', failed: ['web: tcp 80'] },
  fetch: { at: '2026-11-20T06:00:00.000Z', ok: false, remote: null, message: 'connection refused' },
});

describe('a digest', () => {
  it('is what needs a person and then what happened, and nothing of another day', () => {
    expect(renderDigest(makeDigest({ host: 'allegro', reports: night, status, since, until })))
      .toBe(`Digest 11-19 07:00 UTC to 11-20 07:00 UTC
5 runs, 1 failed
At aaaaaaaa (main), last proved 11-20 06:58 UTC; bbbbbbbb is seen and not applied
Needs a person:
- approval: touches sshd (reconcile approve r9, before 11-27 06:00 UTC)
- unhealthy: health check failed: web: tcp 80
- fetching fails: connection refused
- contested: file[/c]
- suspended by ana until 11-20 09:00 UTC: disk swap
- differs and is not healed: file[/b]
Failures:
- 03:12 UTC rolled back: file[/etc/motd]: disk full (reconcile show r3)
Changes:
- 22:00 UTC aaaaaaaa: file[/etc/motd]
Healed local edits:
- file[/a], 2 times
`);
  });

  it('asks nobody to approve what is approved', () => {
    const approved = statusWith({ approval: { ...status.approval!, approved: true } });

    expect(renderDigest(makeDigest({ host: 'allegro', reports: [], status: approved, since, until }))).toContain(
      'Nothing needs a person.',
    );
  });

  const newest = { applied: 'a'.repeat(40), seen: 'b'.repeat(40), branch: 'main' };
  const lastRun = (outcome: 'invalid' | 'refused' | 'converged') =>
    ({ run: 'r3', outcome, summary: 'Bad', at: '2026-11-17T03:12:00.000Z' }) as const;

  it.each<[string, Partial<AgentStatus>, string]>([
    [
      'the newest revision, in quarantine',
      { quarantine: { commit: newest.seen, reason: 'disk full' }, last: lastRun('refused') },
      'bbbbbbbb is in quarantine: disk full (push a fix, or reconcile release)',
    ],
    ['a revision that cannot be read', { last: lastRun('invalid') }, 'invalid: Bad (reconcile show r3)'],
    ['what differs', { differing: 2, contested: ['file[/c]'] }, 'differs and is not healed: 1 resource (reconcile status)'],
    [
      'an update of the program',
      { updateTakenBack: { version: '2', at: '2026-11-17T03:12:00.000Z' } },
      'the update to version 2 was taken back: install another one',
    ],
  ])('says that %s needs a person also days after it was news', (_, members, line) => {
    const old = statusWith({ revision: newest, ...members });

    expect(renderDigest(makeDigest({ host: 'allegro', reports: [], status: old, since, until }))).toContain(`- ${line}\n`);
  });

  it.each<[string, Partial<AgentStatus>]>([
    ['waits for a window', { last: lastRun('refused'), windowClosed: true }],
    ['is well', { last: lastRun('converged') }],
  ])('says nothing of the last run of a host that %s', (_, members) => {
    const text = renderDigest(makeDigest({ host: 'allegro', reports: [], status: statusWith(members), since, until }));

    expect(text).toContain('Nothing needs a person.');
  });

  it('says once that a run of that day failed', () => {
    const reports = [failedRun('b', { run: 'r3', outcome: 'invalid', startedAt: '2026-11-20T03:12:00.000Z' })];
    const text = renderDigest(
      makeDigest({ host: 'allegro', reports, status: statusWith({ last: lastRun('invalid') }), since, until }),
    );

    expect(text.match(/reconcile show r3/g)).toHaveLength(1);
  });

  it('has what a person took back among what needs a person, and no more among the changes', () => {
    const back = goodRun('a', {
      run: 'r4',
      action: 'rollback',
      startedAt: '2026-11-20T05:30:00.000Z',
      summary: 'Run r1 taken back',
      takenBack: ['r1'],
      steps: [stepWith({ outcome: 'restored' })],
    });

    const text = renderDigest(makeDigest({ host: 'allegro', reports: [...night, back], status: undefined, since, until }));

    expect(text).toContain('Needs a person:\n- 05:30 UTC Run r1 taken back\n');
    expect(text).not.toContain('Changes:');

    const again = goodRun('a', { run: 'r5', startedAt: '2026-11-20T06:00:00.000Z' });
    const settled = makeDigest({ host: 'allegro', reports: [back, again], status: undefined, since, until });
    expect(renderDigest(settled)).toContain('Nothing needs a person.');
  });

  it('has nothing of what was healed and taken back', () => {
    const steps = [stepWith({ address: 'file[/a]', cause: 'drift', outcome: 'changed' })];
    const heals = goodRun('a', { run: 'r1', startedAt: '2026-11-20T01:00:00.000Z', steps });
    const back = goodRun('a', { run: 'r2', action: 'rollback', startedAt: '2026-11-20T02:00:00.000Z', takenBack: ['r1'] });

    expect(makeDigest({ host: 'allegro', reports: [heals, back], status: undefined, since, until }).drift.healed).toEqual([]);
  });

  it('counts a run that only waits, and says nothing of what that would have done', () => {
    const problems = [{ code: 'outside-window' as const, message: 'closed' }];
    const waits = goodRun('a', {
      startedAt: '2026-11-20T06:00:00.000Z',
      outcome: 'refused',
      problems,
      steps: [stepWith({ address: 'file[/d]', cause: 'drift' })],
    });

    const { runs, failures, drift } = makeDigest({ host: 'allegro', reports: [...night, waits], status, since, until });

    expect([runs, failures.length, drift.left]).toEqual([{ total: 6, failed: 1 }, 1, ['file[/b]']]);
  });

  it('of a quiet night says so', () => {
    expect(renderDigest(makeDigest({ host: 'allegro', reports: [], status: undefined, since, until }))).toBe(
      'Digest 11-19 07:00 UTC to 11-20 07:00 UTC\nNo run changed anything or failed.\nNothing needs a person.\n',
    );
  });

  it('stays short after a bad night', () => {
    const reports = Array.from({ length: 200 }, (_, index) =>
      failedRun('b', { run: `r${index}`, startedAt: new Date(since + index * 60_000).toISOString(), summary: 'x'.repeat(5_000) }),
    );
    const text = renderDigest(makeDigest({ host: 'allegro', reports, status, since, until }));
    expect(text).toContain('- and 192 more\n');
    expect(text.length).toBeLessThan(3_000);
  });
});

describe('the time of a digest', () => {
  const berlin = 'Europe/Berlin';
  const at = (iso: string): number => Date.parse(iso);

  it('is the nearest of all channels, in local time over both changes of the clock', () => {
    const given = [{ digest: '07:00' }, {}, { digest: '18:30' }];
    expect(nextDigest(given, at('2026-11-20T08:00:00Z'), berlin)).toBe(at('2026-11-20T17:30:00Z'));
    expect(nextDigest(given, at('2026-10-24T20:00:00Z'), berlin)).toBe(at('2026-10-25T06:00:00Z'));
    expect(nextDigest(given, at('2027-03-27T20:00:00Z'), berlin)).toBe(at('2027-03-28T05:00:00Z'));
    expect(nextDigest([{}], at('2026-11-20T08:00:00Z'), berlin)).toBeUndefined();
  });

  it('comes once on the day whose clock lacks it and on the day that has it twice', () => {
    const digest = '02:30';
    const days = (from: string): string[] => {
      const found: string[] = [];
      for (let now = at(from); found.length < 3; now = at(found.at(-1)!))
        found.push(new Date(nextDigest([{ digest }], now, berlin)!).toISOString());
      return found.map((iso) => iso.slice(0, 10));
    };
    expect(days('2027-03-26T12:00:00Z')).toEqual(['2027-03-27', '2027-03-28', '2027-03-29']);
    expect(days('2026-10-23T12:00:00Z')).toEqual(['2026-10-24', '2026-10-25', '2026-10-26']);
  });

  it('is due from that moment on, once, for six hours', () => {
    const moment = at('2026-11-20T06:00:00Z');
    const due = (iso: string, digested = 0) => dueDigest({ digest: '07:00' }, digested, at(iso), berlin)?.until;
    expect(due('2026-11-20T06:00:00.000Z')).toBe(moment);
    expect(due('2026-11-20T11:59:59Z')).toBe(moment);
    expect(due('2026-11-20T12:00:00Z')).toBeUndefined();
    expect(due('2026-11-20T05:59:59.999Z')).toBeUndefined();
    expect(due('2026-11-20T06:30:00Z', moment)).toBeUndefined();
  });

  it('leaves nothing between two of them, and tells nothing twice, where a day has 25 or 23 hours', () => {
    const due = (iso: string) => dueDigest({ digest: '07:00' }, 0, at(iso), berlin);
    expect(due('2026-10-25T06:00:00Z')).toEqual({ since: at('2026-10-24T05:00:00Z'), until: at('2026-10-25T06:00:00Z') });
    expect(due('2027-03-28T05:00:00Z')).toEqual({ since: at('2027-03-27T06:00:00Z'), until: at('2027-03-28T05:00:00Z') });
  });

  it('is due again when a clock that was ahead is set right, and not because it is set back a little', () => {
    const due = (iso: string, digested: string) => dueDigest({ digest: '07:00' }, at(digested), at(iso), berlin)?.until;
    expect(due('2026-11-20T06:00:00Z', '2031-01-01T06:00:00Z')).toBe(at('2026-11-20T06:00:00Z'));
    expect(due('2026-11-20T05:59:00Z', '2026-11-20T06:00:00Z')).toBeUndefined();
    expect(due('2026-11-20T06:00:00Z', '2026-11-20T06:00:00Z')).toBeUndefined();
  });
});
