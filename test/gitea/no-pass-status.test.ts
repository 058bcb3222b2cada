import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { statusWith } from '../report/status-fixture.ts';
import { commitOf, ended, openGiteaRig, type GiteaRig } from './gitea-rig.ts';

const commit = commitOf('1');

it('the commit status is an error of the newest commit while no pass can be made, then what follows; a failure stays', async () => {
  await using rig = await openGiteaRig();
  const tell = (news: Parameters<GiteaRig['tell']>[0]) => rig.tell(news, { issues: false });
  const run = (outcome: Report['outcome'], members: Partial<Report> = {}) =>
    tell(ended(commit, { outcome, summary: 'why', ...members }));
  const last = { run: '', outcome: 'error', summary: 'a damaged state', at: '' } as const;
  const revision = { applied: commit, seen: commit, branch: 'main' };
  const fail = (stalled: string | null) => tell({ type: 'status', status: statusWith({ last, stalled, revision }) });

  await run('converged');
  await fail(null);
  for (const count of [2, 3]) await fail(`${count} passes`);
  await run('refused', { problems: [{ code: 'outside-window', message: 'closed' }] });
  await run('rolledBack');
  await fail('2 passes');

  expect(rig.gitea.statuses.map(({ status, description }) => `${status}: ${description}`)).toEqual([
    'success: why',
    'error: No pass can be made: a damaged state',
    'pending: why',
    'failure: why',
  ]);
});
