import { afterEach, beforeEach, expect, it } from 'vitest';
import { statusWith } from '../report/status-fixture.ts';
import { commitOf, ended, openGiteaRig, type GiteaRig } from './gitea-rig.ts';

let rig: GiteaRig;
beforeEach(async () => void (rig = await openGiteaRig()));
afterEach(() => rig[Symbol.asyncDispose]());

const onlyIssues = { statuses: false };
const at = '2026-11-20T08:00:00.000Z';
const unwell = (failed: readonly string[], said = '') =>
  rig.tell({ type: 'status', status: statusWith({ health: { at, checks: 2, failure: failed[0]! + said, failed } }) }, onlyIssues);
const bodies = () => rig.gitea.comments.map(({ body }) => body);

it('is opened when what was applied stops working, goes on by which checks fail, and is closed when none does', async () => {
  await rig.tell(ended(commitOf('6')), onlyIssues);
  await unwell(['web: tcp 80'], ': refused');
  expect(rig.gitea.issues).toMatchObject([{ title: 'allegro is not well', state: 'open' }]);
  expect(rig.gitea.issues[0]!.body).toContain('web: tcp 80: refused');
  await unwell(['web: tcp 80'], ': timed out');
  expect(bodies()).toEqual([]);
  await unwell(['web: tcp 80', 'mail: tcp 25']);
  expect(bodies()).toHaveLength(1);
  expect(bodies()[0]).toContain('mail: tcp 25');
  await rig.tell({ type: 'status', status: statusWith({ health: { at, checks: 2 } }) }, onlyIssues);

  expect(rig.gitea.issues).toMatchObject([{ state: 'closed' }]);
});
