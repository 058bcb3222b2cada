import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../src/model/problem.ts';
import type { Report } from '../../src/model/report.ts';
import { applying, commitOf, ended, openGiteaRig, type GiteaRig } from './gitea-rig.ts';
import { stepWith } from '../report/report-fixture.ts';
import { statusWith } from '../report/status-fixture.ts';

const one = commitOf('1');
const two = commitOf('2');
const onlyStatuses = { issues: false };

let rig: GiteaRig;
beforeEach(async () => void (rig = await openGiteaRig()));
afterEach(() => rig[Symbol.asyncDispose]());

const tell = (news: Parameters<GiteaRig['tell']>[0]) => rig.tell(news, onlyStatuses);
const rows = () => rig.gitea.statuses.map(({ commit, status, description }) => [commit[0], status, description]);
const run = (outcome: Report['outcome'], members: Partial<Report> = {}) => ended(one, { outcome, summary: 'why', ...members });

describe('the commit status', () => {
  it('is pending while a revision is applied, then success, under the name of the host', async () => {
    await tell(applying(one));
    await tell(run('converged', { summary: 'Applied and verified: 1 changed' }));

    expect(rows()).toEqual([
      ['1', 'pending', 'Applying'],
      ['1', 'success', 'Applied and verified: 1 changed'],
    ]);
    expect(new Set(rig.gitea.statuses.map(({ context }) => context))).toEqual(new Set(['reconcile/allegro']));
  });

  it.each([
    ['converged', 0, 'success'],
    ['rolledBack', 4, 'failure'],
    ['rollbackIncomplete', 4, 'failure'],
    ['error', 4, 'failure'],
    ['error', 0, 'error'],
    ['refused', 0, 'error'],
    ['invalid', 0, 'error'],
    ['upstreamPending', 0, 'pending'],
    ['driftOnly', 0, 'pending'],
    ['conflict', 0, 'pending'],
  ] as const)('of a run that ends with %s after %i writes is %3$s', async (outcome, writes, state) => {
    await tell(run(outcome, { writes }));

    expect(rows()).toEqual([['1', state, 'why']]);
  });

  it('is pending for a commit that a suspended agent has only looked at, and stays success for one that is applied', async () => {
    await tell(run('converged', { action: 'check' }));
    await tell(ended(two));
    await tell(ended(two, { action: 'check' }));

    expect(rows()).toMatchObject([['1', 'pending', 'Only looked at: why'], { 0: '2', 1: 'success' }]);
  });

  it('is not told of a run that found another one at work, of a plan that is too old, of a working tree, or outside git', async () => {
    await tell(run('busy'));
    await tell(run('refused', { problems: [{ code: 'stale-plan', message: 'the plan is too old' }] }));
    await tell(run('converged', { revision: { commit: one, branch: 'main', workingTree: true, key: 'k' } }));
    await tell(ended(null));
    await tell(applying(null));
    await tell(applying('--upload-pack'));

    expect(rig.gitea.requests).toEqual([]);
  });

  it('is never told twice, whatever runs had to do to find the host converged', async () => {
    for (const summary of ['Applied and verified: 3 changed', 'Converged', 'Applied and verified: 1 changed']) {
      await tell(applying(one));
      await tell(run('converged', { summary }));
    }

    expect(rows().map(([, state]) => state)).toEqual(['pending', 'success']);
  });

  it('of a revision that fails again and again is told once, again when something else fails, and when it works', async () => {
    const failed = (address: string, summary: string) =>
      run('rolledBack', { summary, steps: [stepWith({ address, outcome: 'failed', reason: summary })] });
    for (const news of [failed('a', '4711: unwell'), failed('a', '4712: unwell'), failed('b', '4713: unwell')]) {
      await tell(applying(one));
      await tell(news);
    }
    await tell(run('converged'));

    expect(rows()).toEqual([
      ['1', 'pending', 'Applying'],
      ['1', 'failure', '4711: unwell'],
      ['1', 'failure', '4713: unwell'],
      ['1', 'success', 'why'],
    ]);
  });

  it('is told once also when everything that was remembered is lost', async () => {
    await tell(applying(one));
    await tell(run('converged'));
    rig.forget();
    await tell(applying(one));
    await tell(run('converged'));

    expect(rows().map(([, state]) => state)).toEqual(['pending', 'success']);
  });

  it('is told once also when other hosts have said more of that commit, before and since, than one page holds', async () => {
    const others = (): void => {
      for (let host = 0; host < 60; host++) {
        const row = { id: rig.gitea.next(), commit: one, status: 'success', context: `reconcile/${host}`, description: '' };
        rig.gitea.statuses.push(row);
      }
    };
    others();
    await tell(run('converged'));
    others();
    rig.forget();
    await tell(run('converged'));

    expect(rig.gitea.statuses.filter(({ context }) => context === 'reconcile/allegro')).toHaveLength(1);
  });

  it('of another host is not taken for its own', async () => {
    const { statuses } = rig.client;
    const status = { context: 'reconcile/ezra', state: 'success', description: 'why' } as const;
    await statuses.create('ops/config', one, status, new AbortController().signal);

    await tell(run('converged'));

    expect(rig.gitea.statuses.map(({ context }) => context)).toEqual(['reconcile/ezra', 'reconcile/allegro']);
  });

  it('that Gitea has in a form of its own does not keep the next from being told', async () => {
    const row = { id: 1, commit: one, status: 'skipped', context: 'reconcile/allegro', description: '' };
    rig.gitea.statuses.push(row);

    expect(await tell(run('converged'))).toEqual({});
    expect(rows().map(([, state]) => state)).toEqual(['skipped', 'success']);
  });

  it('has a description of at most 140 characters in one line', async () => {
    await tell(run('rolledBack', { summary: `first\nsecond \u001b[31m${'\u{1f600}'.repeat(500)}` }));

    const description = rig.gitea.statuses[0]!.description;
    expect(Array.from(description)).toHaveLength(140);
    expect(description).toMatch(/^first\\nsecond \\e\[31m/);
    expect(description).toMatch(/\.\.\.$/);
  });
});

describe('a run that decides nothing about its revision', () => {
  const refusedFor = (...codes: ProblemCode[]) =>
    run('refused', { problems: codes.map((code) => ({ code, message: 'm' })), summary: 'waits' });

  it('because it waits for a window or for approval leaves the status pending', async () => {
    await tell(refusedFor('outside-window'));
    await tell(refusedFor('outside-window', 'destroy-budget'));

    expect(rows()).toEqual([
      ['1', 'pending', 'waits'],
      ['1', 'error', 'waits'],
    ]);
  });
});

describe('a revision in quarantine', () => {
  const quarantined = run('refused', {
    problems: [
      { code: 'quarantined', message: 'taken back by reconcile rollback', hint: 'push another' },
      { code: 'needs-approval', message: 'm' },
    ],
  });

  it('keeps the failure that says why', async () => {
    await tell(run('rolledBack'));
    await tell(quarantined);
    rig.forget();
    await tell(quarantined);

    expect(rows()).toEqual([['1', 'failure', 'why']]);
  });

  it.each([
    ['converged before a person took it back', run('converged'), 'success'],
    ['was being applied when its runs were killed', applying(one), 'pending'],
    ['was unwell before a person took it back', run('error'), 'error'],
  ] as const)('has a failure, once, when it %s', async (_when, before, state) => {
    await tell(before);
    await tell(quarantined);
    await tell(applying(one));
    await tell(quarantined);

    expect(rows().map(([, each]) => each)).toEqual([state, 'failure']);
    expect(rows()[1]![2]).toBe('taken back by reconcile rollback');
  });

  it('has a success when it works after a release', async () => {
    await tell(quarantined);
    await tell(run('converged'));

    expect(rows().map(([, state]) => state)).toEqual(['failure', 'success']);
  });

  it('keeps a failure that waits to be told', async () => {
    rig.gitea.fault({ on: /./, times: Infinity, answer: { status: 503 } });
    await tell(run('rolledBack'));
    await tell(quarantined);
    rig.gitea.heal();
    await tell(quarantined);

    expect(rows()).toEqual([['1', 'failure', 'why']]);
  });
});

describe('a revision that is refused unseen', () => {
  const url = 'https://git.example/ops/config.git';
  const status = (state: 'refused' | 'offline' | 'behind', remote: string | null) => ({
    revision: { applied: one, seen: two, branch: 'main' },
    fetch: { at: '2026-11-20T08:00:00.000Z', ok: false, state, remote, message: 'not on top of what was applied' },
  });

  it('has an error, and the one that stays has its own success', async () => {
    await tell(ended(one, {}, status('refused', url)));
    await tell({ type: 'status', status: statusWith(status('refused', url)) });

    expect(rows().sort(([a], [b]) => Number(a) - Number(b))).toEqual([
      ['1', 'success', 'converged'],
      ['2', 'error', 'not on top of what was applied'],
    ]);
  });

  it.each([
    ['away', status('offline', null)],
    ['behind', status('behind', url)],
  ])('has none when the remote is only %s', async (_how, standing) => {
    await tell(ended(one, {}, standing));

    expect(rows().map(([commit]) => commit)).toEqual(['1']);
  });
});

describe('a status that cannot be told', () => {
  it('is told with the next news, the newest of each commit', async () => {
    rig.gitea.fault({ on: /./, times: Infinity, answer: { status: 503 } });
    const { problem } = await tell(applying(one));
    await tell(run('rolledBack'));
    await tell(applying(two));
    expect(problem).toContain('503; Gitea itself fails');
    expect(rows()).toEqual([]);
    rig.gitea.heal();

    expect(await tell(ended(two, { summary: 'done' }))).toEqual({});

    expect(rows()).toEqual([
      ['2', 'success', 'done'],
      ['1', 'failure', 'why'],
    ]);
  });

  it('is kept for the newest ten commits', async () => {
    rig.gitea.fault({ on: /./, times: Infinity, answer: { status: 401 } });
    for (const digit of 'abcdef0123456789') await tell(ended(commitOf(digit)));
    rig.gitea.heal();

    await tell(ended(commitOf('9')));

    expect(rows().map(([commit]) => commit)).toEqual([...'9876543210']);
  });

  it('because Gitea does not know the commit is dropped, and others are told', async () => {
    rig.gitea.commits = new Set([two]);

    expect((await tell(ended(one))).problem).toContain(`GET /repos/ops/config/commits/${one}/statuses: 404`);
    expect(await tell(ended(two))).toEqual({});
    expect(rows().map(([commit]) => commit)).toEqual(['2']);
  });

  it('because Gitea has the commit no more is dropped too', async () => {
    await tell(ended(one));
    rig.gitea.commits = new Set([two]);

    expect((await tell(run('rolledBack'))).problem).toContain(`GET /repos/ops/config/commits/${one}/statuses: 404`);
    expect(await tell(ended(two))).toEqual({});
    expect(rows().map(([, state]) => state)).toEqual(['success', 'success']);
  });

  it('because Gitea itself fails is told later', async () => {
    rig.gitea.fault({ on: /POST .*statuses/, times: 4, answer: { status: 500 } });

    expect((await tell(run('converged'))).problem).toContain('500; Gitea itself fails');
    expect(await tell(run('converged'))).toEqual({});
    expect(rows().map(([, state]) => state)).toEqual(['success']);
  });
});
