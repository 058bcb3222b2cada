import { afterEach, beforeEach, expect, it } from 'vitest';
import { openGiteaReporter } from '../../src/gitea/reporter.ts';
import { planPullRequests } from '../../src/gitea/plan-pull-requests.ts';
import { reportWith } from '../report/report-fixture.ts';
import { fakePull } from '../support/fake-gitea-store.ts';
import { startFakeGitea, type FakeGitea } from '../support/fake-gitea.ts';
import { tell } from '../support/tell.ts';
import { openGitea } from '../../src/gitea/client.ts';
import { commitOf, ended, never, openGiteaRig, policyFor, quick, type GiteaRig } from './gitea-rig.ts';

const one = commitOf('1');
const failed = ended(one, { outcome: 'rolledBack', summary: 'health check failed', writes: 2 });

let rig: GiteaRig;
let other: FakeGitea;
beforeEach(async () => {
  rig = await openGiteaRig();
  other = await startFakeGitea();
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await other.close();
});

/** What an agent tells whose host policy names the other forge now, or another host. */
const tellOther = (news: typeof failed, { url = other.url, host = 'allegro' } = {}) =>
  tell(openGiteaReporter({ policy: policyFor(url), host, memory: rig.memory, token: rig.token, limits: quick }), news, never);

const someones = (number: number) =>
  ({
    number,
    title: 'Buy cables',
    body: 'blue ones',
    state: 'open',
    user: { login: 'ada' },
    labels: null,
    assignees: null,
  }) as const;

it('an issue of somebody that has the number of the own one at the forge before is left alone', async () => {
  await rig.tell(failed);
  const { number } = rig.gitea.issues[0]!;
  other.issues.push(someones(number));
  while (other.next() <= number);

  expect(await tellOther(failed)).toEqual({});
  expect(other.issues).toMatchObject([someones(number), { title: 'allegro could not apply a revision', state: 'open' }]);
  await tellOther(ended(one));

  expect(other.issues).toMatchObject([someones(number), { state: 'closed' }]);
  expect(other.comments.map(({ issue }) => issue)).not.toContain(number);
});

it.each([
  ['at another forge', () => other, 'allegro'],
  ['under another name of the host', () => rig.gitea, 'presto'],
])('what was said of a commit is said %s too', async (_, forge, host) => {
  await rig.tell(ended(one));
  await tellOther(ended(one), { url: forge().url, host });

  expect(forge().statuses.at(-1)).toMatchObject({ commit: one, status: 'success', context: `reconcile/${host}` });
});

it('a plan is written at another forge too, and not into the comment of somebody', async () => {
  const report = reportWith({ action: 'check', outcome: 'upstreamPending', summary: 'new words' });
  const poll = ({ url }: FakeGitea) =>
    planPullRequests(
      {
        client: openGitea({ url, token: rig.token, limits: quick }),
        policy: policyFor(url),
        host: 'allegro',
        memory: rig.memory,
        plan: async () => report,
      },
      never,
    );
  const { number } = fakePull(rig.gitea, { sha: one });
  await poll(rig.gitea);
  const { id } = rig.gitea.comments[0]!;
  fakePull(other, { sha: one });
  other.comments.push({ id, issue: number, body: 'mine', user: { login: 'ada' } });
  while (other.next() <= id);

  expect(await poll(other)).toEqual({});
  expect(other.comments).toMatchObject([{ body: 'mine' }, { issue: number }]);
});
