import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planPullRequests, type PullHead } from '../../src/gitea/plan-pull-requests.ts';
import type { GiteaPolicy } from '../../src/model/host-policy-document.ts';
import type { Report } from '../../src/model/report.ts';
import { fakePull } from '../support/fake-gitea-store.ts';
import { reportWith, stepWith } from '../report/report-fixture.ts';
import { commitOf, never, openGiteaRig, policyFor, type GiteaRig } from './gitea-rig.ts';

const one = commitOf('1');
const two = commitOf('2');

let rig: GiteaRig;
let planned: PullHead[];
beforeEach(async () => {
  rig = await openGiteaRig();
  planned = [];
});
afterEach(() => rig[Symbol.asyncDispose]());

const diff = { path: '/etc/motd', text: '--- a/etc/motd\n+++ b/etc/motd\n@@ -1 +1 @@\n-live content\n+new content\n' };
const report = reportWith({
  action: 'check',
  outcome: 'upstreamPending',
  summary: '1 of 42 resources would change; nothing was written',
  steps: [stepWith({ diffs: [diff] })],
});

function poll(
  plan: (head: PullHead) => Report | undefined = () => report,
  { host = 'allegro', policy = {} }: { host?: string; policy?: Partial<GiteaPolicy> } = {},
) {
  const planOf = async (head: PullHead): Promise<Report | undefined> => {
    planned.push(head);
    return plan(head);
  };
  return planPullRequests(
    { client: rig.client, policy: policyFor(rig.gitea.url, policy), host, memory: rig.memory, plan: planOf },
    never,
  );
}
const bodies = () => rig.gitea.comments.map(({ body }) => body);

describe('the plan of a pull request', () => {
  it('is a comment with the plan as text', async () => {
    const { number } = fakePull(rig.gitea, { sha: one });

    expect(await poll()).toEqual({});

    expect(planned).toEqual([{ number, commit: one, ref: `refs/pull/${number}/head`, trusted: true }]);
    expect(rig.gitea.comments).toMatchObject([{ issue: number }]);
    expect(bodies()[0]).toContain(`**allegro**, plan for ${one}:`);
    expect(bodies()[0]).toContain('~ file[/etc/motd]  upstream: git changed it');
    expect(bodies()[0]).toContain('+new content');
    expect(bodies()[0]).toContain('Plan: 0 to add, 1 to change, 0 to remove');
  });

  it('is made again, in the same comment, only when the head has changed', async () => {
    const pull = fakePull(rig.gitea, { sha: one });
    await poll();
    await poll();
    expect(planned).toHaveLength(1);
    pull.head = { ...pull.head, sha: two };
    await poll();

    expect(planned.map(({ commit }) => commit)).toEqual([one, two]);
    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]).toContain(two);
    expect(bodies()[0]).not.toContain(one);
  });

  it('is one comment for each host', async () => {
    fakePull(rig.gitea, { sha: one });
    await poll();
    rig.forget();
    await poll(undefined, { host: 'ezra' });

    expect(bodies()).toHaveLength(2);
  });

  it('is found again when everything that was remembered is lost, and not in what others copied', async () => {
    const { number } = fakePull(rig.gitea, { sha: one });
    await poll();
    const [own] = rig.gitea.comments;
    rig.gitea.comments.push({ id: rig.gitea.next(), issue: number, body: own!.body, user: { login: 'mallory' } });
    rig.forget();
    own!.body = own!.body.replace('new content', 'old content');
    await poll();

    expect(bodies()).toHaveLength(2);
    expect(own!.body).toContain('new content');
  });

  it('is written anew when somebody deleted it', async () => {
    const pull = fakePull(rig.gitea, { sha: one });
    await poll();
    rig.gitea.comments.pop();
    pull.head = { ...pull.head, sha: two };
    await poll();

    expect(bodies()).toHaveLength(1);
  });

  it('is not written into a comment that stood there first with a forged mark', async () => {
    const { number } = fakePull(rig.gitea, { sha: one });
    const forged = `<!-- timmy-reconciler plan allegro #${number} ${'0'.repeat(32)} -->`;
    rig.gitea.comments.push({ id: rig.gitea.next(), issue: number, body: forged, user: { login: 'mallory' } });
    await poll();

    expect(bodies()[0]).toBe(forged);
    expect(bodies()).toHaveLength(2);
  });

  it('is bounded, and nothing in it gets out of its block', async () => {
    fakePull(rig.gitea, { sha: one });
    const text = `--- a/x\n+++ b/x\n@@ -0,0 +1,2 @@\n+\`\`\`\`\n+@everyone\n${'+x\n'.repeat(10_000)}`;
    const steps = Array.from({ length: 3_000 }, (_, index) =>
      stepWith({ address: `file[/etc/${index}]`, diffs: [{ path: '/x', text }] }),
    );
    await poll(() => ({ ...report, steps }));

    expect(bodies()[0]!.length).toBeLessThan(32_000);
    expect(bodies()[0]).toMatch(/\.\.\. \d+ more lines\n`````\n/);
    expect(bodies()[0]!.replace(/`````text\n[^]*\n`````/, '')).not.toContain('@everyone');
  });
});

describe('an author', () => {
  it('whom policy does not name gets no plan: neither diffs, nor values, nor what would change', async () => {
    fakePull(rig.gitea, { sha: one, login: 'mallory' });
    await poll();

    expect(planned).toMatchObject([{ trusted: false }]);
    expect(bodies()[0]).toContain('is not among `trusted_authors` of this host');
    expect(bodies()[0]).toContain('42 resources, 0 problems');
    expect(bodies()[0]).not.toMatch(/live content|new content|0444|motd|to change|would change/);
  });

  it('whom policy does not name is told the problems of the revision', async () => {
    fakePull(rig.gitea, { sha: one, login: 'mallory' });
    const problem = {
      code: 'unknown-key' as const,
      message: 'unknown key "ownr"',
      at: { file: 'roles/a/role.yaml', line: 3, column: 5 },
    };
    await poll(() => reportWith({ outcome: 'invalid', problems: [problem] }));

    expect(bodies()[0]).toContain('roles/a/role.yaml:3:5  unknown key "ownr" [unknown-key]');
  });

  it('who becomes trusted gets the plan', async () => {
    fakePull(rig.gitea, { sha: one, login: 'bob' });
    await poll();
    await poll(undefined, { policy: { trusted_authors: ['BOB'] } });

    expect(planned.map(({ trusted }) => trusted)).toEqual([false, true]);
    expect(bodies()).toHaveLength(1);
    expect(bodies()[0]).toContain('+new content');
  });

  it.each([
    ['of his own is trusted', 'Alice', true],
    ['of somebody else whom it names is trusted', 'bob', true],
    ['of a stranger, who can push to it, is not trusted', 'mallory', false],
  ])('whom policy names and who opens a branch of a fork %s', async (_title, fork, trusted) => {
    fakePull(rig.gitea, { sha: one, fork });
    await poll(undefined, { policy: { trusted_authors: ['alice', 'bob'] } });

    expect(planned).toMatchObject([{ trusted }]);
    expect(bodies()[0]!.includes('+new content')).toBe(trusted);
  });

  it('whom policy names is not trusted with a branch of a fork that is gone', async () => {
    const pull = fakePull(rig.gitea, { sha: one });
    pull.head = { ...pull.head, repo: null };
    await poll();

    expect(planned).toMatchObject([{ trusted: false }]);
  });

  it('whose account is gone is nobody', async () => {
    Object.assign(fakePull(rig.gitea, { sha: one }), { user: null });
    await poll();

    expect(planned).toMatchObject([{ trusted: false }]);
  });

  it('who is trusted is served before a flood of others, ten at a time', async () => {
    const { number } = fakePull(rig.gitea, { sha: two });
    for (let made = 0; made < 25; made++) fakePull(rig.gitea, { sha: one, login: 'mallory' });
    await poll();
    expect(planned).toHaveLength(10);
    expect(planned[0]!.number).toBe(number);
    await poll();
    await poll();

    expect(rig.gitea.comments).toHaveLength(26);
  });

  it('does not wait for ten strangers whose pull requests can never be planned', async () => {
    const { number } = fakePull(rig.gitea, { sha: two, login: 'bob' });
    for (let made = 0; made < 10; made++) fakePull(rig.gitea, { sha: one, login: 'mallory' });
    const none = (head: PullHead): Report | undefined => (head.commit === two ? report : undefined);
    await poll(none);
    expect(rig.gitea.comments).toEqual([]);
    await poll(none);
    expect(rig.gitea.comments).toMatchObject([{ issue: number }]);

    fakePull(rig.gitea, { sha: two, login: 'bob' });
    await poll(none);
    await poll(none);
    expect(rig.gitea.comments).toHaveLength(2);
  });
});

describe('planning', () => {
  it('that is not possible now is done at the next poll', async () => {
    fakePull(rig.gitea, { sha: one });
    await poll(() => undefined);
    expect(bodies()).toEqual([]);
    await poll();

    expect(bodies()).toHaveLength(1);
  });

  it('that fails for one pull request is done for the others', async () => {
    const bad = fakePull(rig.gitea, { sha: one });
    fakePull(rig.gitea, { sha: two });
    const { problem } = await poll(({ number }) => {
      if (number === bad.number) throw new Error('no such commit');
      return report;
    });

    expect(problem).toBe(`pull request ${bad.number}: no such commit`);
    expect(bodies()).toHaveLength(1);
  });

  it('never rejects when Gitea is away, and makes up for it', async () => {
    fakePull(rig.gitea, { sha: one });
    rig.gitea.fault({ on: /./, times: Infinity, answer: { status: 502 } });
    expect((await poll()).problem).toContain('502');
    rig.gitea.heal();
    await poll();

    expect(bodies()).toHaveLength(1);
  });

  it('forgets pull requests that are closed', async () => {
    const pull = fakePull(rig.gitea, { sha: one });
    await poll();
    pull.state = 'closed';
    await poll();

    expect(rig.memory.get('pulls')).toEqual({});
  });
});
