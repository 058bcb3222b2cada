import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '../../src/model/agent.ts';
import type { News } from '../../src/model/reporter.ts';
import { situationAfter } from '../../src/notify/conditions.ts';
import { stepWith } from '../report/report-fixture.ts';
import { ended, failedRun, goodRun, statusNews, told } from './notify-rig.ts';

const failure = (letter: string): string => `FAILED and rolled back; the host is as it was (${letter.repeat(8)} (main))`;
const recovery = (letter: string): string => `RECOVERED: converged again after ${letter.repeat(8)} (main) failed`;
const fetching = (ok: boolean) =>
  statusNews({
    fetch: { at: '2026-11-20T03:00:00.000Z', ok, remote: 'https://git.example', message: ok ? '' : 'connection refused' },
  });
const fetchFails = 'FETCH fails; the last good revision stays in force';
const fetchWorks = 'Fetching works again, after it failed since 11-20 03:00 UTC';

describe('what a channel tells', () => {
  it('is nothing while a host converges', () => {
    expect(
      told([
        [0, ended(goodRun())],
        [5, statusNews({})],
        [10, ended(goodRun())],
      ]),
    ).toEqual([[], [], []]);
  });

  it('is a failure once, however often it is tried again, and its recovery', () => {
    const again = ended(failedRun('b', { outcome: 'refused' }));
    expect(
      told([
        [0, ended(failedRun('b'))],
        [1, again],
        [60, again],
        [61, ended(goodRun('b'))],
        [62, ended(goodRun('b'))],
      ]),
    ).toEqual([[failure('b')], [], [], [recovery('b')], []]);
  });

  it.each(['outside-window', 'needs-approval', 'stale-plan'] as const)(
    'is nothing of a run that only waits or came too late (%s), nor the end of a failure',
    (code) => {
      const steps = [stepWith({ cause: 'drift' })];
      const waits = (letter: string): News =>
        ended(goodRun(letter, { outcome: 'refused', problems: [{ code, message: 'm' }], steps }));
      expect(
        told([
          [0, waits('a')],
          [1, ended(failedRun('b'))],
          [2, waits('c')],
          [3, ended(goodRun('c'))],
        ]),
      ).toEqual([[], [failure('b')], [], [recovery('b')]]);
    },
  );

  it('is a refusal where something is wrong beside what it waits for', () => {
    const problems = [
      { code: 'outside-window' as const, message: 'm' },
      { code: 'destroy-budget' as const, message: 'm' },
    ];
    const refused = ended(goodRun('b', { outcome: 'refused', problems }));

    expect(told([[0, refused]])).toEqual([['REFUSED by policy; nothing was written (bbbbbbbb (main))']]);
  });

  it('is named a quarantine where that is why a run is refused', () => {
    const problems = [{ code: 'quarantined' as const, message: 'm' }];

    expect(told([[0, ended(goodRun('b', { outcome: 'refused', problems }))]])).toEqual([
      ['HELD in quarantine; nothing was written (bbbbbbbb (main))'],
    ]);
  });

  it('is another failure at once when another revision fails', () => {
    expect(
      told([
        [0, ended(failedRun('b'))],
        [1, ended(failedRun('c'))],
        [2, ended(goodRun('d'))],
      ]),
    ).toEqual([[failure('b')], [failure('c')], [recovery('c')]]);
  });

  const newest = (seen: string | null, applied = 'a'): Partial<AgentStatus> => ({
    revision: { applied: applied.repeat(40), seen: seen?.repeat(40) ?? null, branch: 'main' },
  });
  const suspended = { reason: 'disk swap', by: 'ana', until: '2026-11-20T05:00:00.000Z' };
  const lastSuccess = '2026-11-20T03:00:30.000Z';

  it.each<[string, News]>([
    ['the last good revision is healed', ended(goodRun('a'), newest('b'))],
    ['the last good revision is healed while the next one waits', ended(goodRun('a'), newest('c'))],
    ['the last good revision is healed while nobody knows the newest one', ended(goodRun('a'), newest(null))],
    ['the newest one is looked at', ended(goodRun('c', { action: 'check', outcome: 'upstreamPending' }), { suspended })],
    ['nothing would change for the newest one', ended(goodRun('c', { action: 'check' }), { suspended })],
    ['the status of a suspended agent says that nothing would', statusNews({ ...newest('c', 'c'), lastSuccess, suspended })],
    ['the last good revision is proved and nobody knows the newest one', statusNews({ ...newest(null), lastSuccess })],
  ])('is no recovery after a failure when %s', (_, news) => {
    expect(
      told(
        [
          [0, ended(failedRun('b'))],
          [1, news],
          [2, ended(goodRun('c'))],
        ],
        ['failure', 'recovery'],
      ),
    ).toEqual([[failure('b')], [], [recovery('b')]]);
  });

  it('is a recovery when the failed revision converges while a newer one waits', () => {
    expect(
      told([
        [0, ended(failedRun('b', { outcome: 'rollbackIncomplete' }))],
        [1, ended(goodRun('b'), newest('c', 'b'))],
      ])[1],
    ).toEqual([recovery('b')]);
  });

  it('is no recovery while the failed revision is still to be tried again', () => {
    const retried = { commit: 'b'.repeat(40), failures: 1, next: '2026-11-20T03:02:00.000Z' };
    expect(
      told([
        [0, ended(failedRun('b'))],
        [1, ended(goodRun('b'), { retry: retried })],
      ])[1],
    ).toEqual([]);
  });

  it('is once that no pass can be made, also after the agent had stalled, and that one can again', () => {
    const last = { run: '', outcome: 'error', summary: 'state.db is empty', at: '2026-11-20T03:00:00.000Z', hint: 'h' } as const;
    const failing = (passes: number) => statusNews({ last, stalled: `${passes} passes in a row could not be made` });
    expect(
      told([
        [0, statusNews({ stalled: 'c1 failed 8 times' })],
        [1, failing(2)],
        [2, failing(3)],
        [60, failing(4)],
        [61, ended(goodRun())],
      ]),
    ).toEqual([
      ['STALLED: the agent has stopped repeating itself'],
      ['FAILED: no pass can be made; nothing is applied or repaired'],
      [],
      [],
      ['RECOVERED: passes can be made again'],
    ]);
    expect(situationAfter(failing(2), [], 0).open).toMatchObject([{ topic: 'failure', why: 'state.db is empty', todo: 'h' }]);
  });

  it('is a recovery when the status proves it and no run was told', () => {
    const revision = { applied: 'c'.repeat(40), seen: 'c'.repeat(40), branch: 'main' };
    const old = statusNews({ lastSuccess: '2026-11-20T02:59:00.000Z', revision });
    const proved = statusNews({ lastSuccess: '2026-11-20T03:02:00.000Z', revision });
    expect(
      told([
        [0, ended(failedRun('b'))],
        [1, old],
        [3, proved],
      ]),
    ).toEqual([[failure('b')], [], [recovery('b')]]);
  });

  it('is worse than before when a rollback stays incomplete', () => {
    const incomplete = ended(failedRun('b', { outcome: 'rollbackIncomplete' }));
    expect(
      told([
        [0, ended(failedRun('b'))],
        [1, incomplete],
      ])[1],
    ).toEqual(['BROKEN: a run failed and could not be taken back completely (bbbbbbbb (main))']);
  });

  it('is at most two messages per cooldown of a remote that comes and goes', () => {
    const flapping = Array.from({ length: 20 }, (_, index) => [index / 2, fetching(index % 2 === 1)] as const);
    expect(told(flapping).flat()).toEqual([fetchFails, fetchWorks]);
    expect(told([...flapping, [15, fetching(false)]]).flat()).toEqual([fetchFails, fetchWorks, fetchFails]);
  });

  it('is told after the cooldown when it began again within it and stays', () => {
    expect(
      told([
        [0, fetching(false)],
        [1, fetching(true)],
        [2, fetching(false)],
        [14, fetching(false)],
        [16, fetching(false)],
      ]),
    ).toEqual([[fetchFails], [fetchWorks], [], [], [fetchFails]]);
  });

  it('is a plan that waits for a person, and nothing of it once that is approved', () => {
    const approval = { run: 'r1', reason: 'touches sshd', planDigest: 'd', expires: '2026-11-27T03:00:00.000Z' };
    expect(
      told([
        [0, statusNews({ approval: { ...approval, approved: true } })],
        [1, statusNews({ approval })],
        [2, statusNews({ approval: { ...approval, approved: true } })],
      ]),
    ).toEqual([[], ['APPROVAL needed: a plan waits for a person'], []]);
  });

  it('is a plan that waits again, since it is approved by another name', () => {
    const approval = { run: 'r1', reason: 'touches sshd', planDigest: 'd', expires: '2026-11-27T03:00:00.000Z' };
    const asked = 'APPROVAL needed: a plan waits for a person';
    expect(
      told([
        [0, statusNews({ approval })],
        [1, statusNews({ approval })],
        [2, statusNews({ approval: { ...approval, run: 'r2' } })],
      ]),
    ).toEqual([[asked], [], [asked]]);
  });

  it('is a contested resource by name, and its end', () => {
    expect(
      told([
        [0, statusNews({ contested: ['file[/etc/motd]'] })],
        [1, statusNews({})],
      ]),
    ).toEqual([['CONTESTED: something keeps changing file[/etc/motd]'], ['No longer contested: file[/etc/motd]']]);
  });

  it('is a suspension and its end, and a plan that waits, whose end the run tells', () => {
    const suspended = { reason: 'disk swap', by: 'ana', until: '2026-11-20T05:00:00.000Z' };
    const approval = { run: 'r1', reason: 'touches sshd', planDigest: 'd', expires: '2026-11-27T03:00:00.000Z' };
    expect(
      told([
        [0, statusNews({ suspended, approval })],
        [1, statusNews({})],
      ]),
    ).toEqual([
      ['APPROVAL needed: a plan waits for a person', 'SUSPENDED by ana until 2026-11-20T05:00:00.000Z'],
      ['Resumed: no longer suspended'],
    ]);
  });

  it('is drift that is only reported, once per set of resources, and its end', () => {
    const drifted = (address: string) =>
      ended(goodRun('a', { outcome: 'driftOnly', steps: [stepWith({ address, cause: 'drift', outcome: 'held' })] }));
    const drift = 'DRIFT: local edits that are not healed';
    expect(
      told([
        [0, drifted('file[/a]')],
        [20, drifted('file[/a]')],
        [21, drifted('file[/b]')],
        [22, ended(goodRun())],
      ]),
    ).toEqual([[drift], [], [drift], ['No drift any more']]);
  });

  it('is what was healed and what was changed, apart', () => {
    const steps = [
      stepWith({ address: 'file[/a]', cause: 'drift', outcome: 'changed' }),
      stepWith({ address: 'file[/b]', outcome: 'changed' }),
    ];
    expect(told([[0, ended(goodRun('a', { steps }))]])).toEqual([['Healed local edits', 'Converged to aaaaaaaa (main)']]);
  });

  it('is only what its topics are, and no recovery of what it did not tell', () => {
    const news = [
      [0, fetching(false)],
      [1, ended(failedRun('b'))],
      [2, fetching(true)],
      [3, ended(goodRun('b'))],
    ] as const;
    expect(told(news, ['failure', 'recovery'])).toEqual([[], [failure('b')], [], [recovery('b')]]);
    expect(told(news, ['failure'])).toEqual([[], [failure('b')], [], []]);
  });

  it('says nothing about a run that found another one at work', () => {
    expect(
      told([
        [0, ended(failedRun('b'))],
        [1, ended(goodRun('b', { outcome: 'busy' }))],
      ])[1],
    ).toEqual([]);
  });
});
