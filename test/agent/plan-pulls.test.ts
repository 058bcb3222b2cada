import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openPullPlanner } from '../../src/agent/plan-pulls.ts';
import { openGiteaRig, policyFor } from '../gitea/gitea-rig.ts';
import { reportWith } from '../report/report-fixture.ts';
import { statusWith } from '../report/status-fixture.ts';
import { never, openFollowRig, textOf } from '../source/git/follow-rig.ts';
import { fakePull } from '../support/fake-gitea-store.ts';
import { site } from '../support/repository.ts';
import { tell } from '../support/tell.ts';

vi.setConfig({ testTimeout: 30_000 });

/** A host that follows a remote, a forge with pull requests, and what plans them. */
async function openPlanned() {
  const rig = openFollowRig();
  const forge = await openGiteaRig();
  const { gitea, token, memory } = forge;
  const planner = openPullPlanner({
    policy: policyFor(gitea.url, { repository: 'ops/config', pull_requests: true }),
    remote: { urls: [rig.remote], branch: 'main', testing_branch: false, user: 'git', timeout: '20s' },
    token,
    host: 'box',
    memory,
    stateDirectory: rig.stateDirectory,
    place: { root: undefined },
  });
  const files = (text: string): Readonly<Record<string, string>> => ({
    'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n',
    'desired-state/site.yaml': site(`- { kind: file, path: /srv/motd, content: "${text}\\n" }\n`),
  });
  return {
    rig,
    gitea,
    push: (text: string): string => rig.push(files(text)),
    open(text: string, more: Readonly<Record<string, string>> = {}): string {
      const commit = rig.commit({ ...files(text), ...more });
      const { number } = fakePull(gitea, { sha: commit, login: 'mallory' });
      rig.git('push', '--quiet', 'origin', `HEAD:refs/pull/${number}/head`);
      rig.git('reset', '--quiet', '--hard', 'HEAD~1');
      return commit;
    },
    /** Plans what is open, as after a pass on this revision. */
    plan: (commit: string) => {
      const fetch = { at: new Date().toISOString(), ok: true, remote: rig.remote, message: '' };
      const status = statusWith({ revision: { applied: commit, seen: commit, branch: 'main' }, fetch });
      return tell(planner, { type: 'ended', report: reportWith({}), status }, never);
    },
    async [Symbol.asyncDispose]() {
      await forge[Symbol.asyncDispose]();
      rig[Symbol.dispose]();
    },
  };
}

it('a revision that came while pull requests are planned stays whole for its run, and nothing of theirs stays', async () => {
  await using host = await openPlanned();
  const { rig, gitea } = host;
  const one = host.push('one');
  await rig.open().accept((await rig.look()).commit!);
  const proposed = host.open('proposed');
  host.push('two');
  const look = await rig.look();
  const applying = look.source!.open();

  expect(await host.plan(one)).toEqual({});

  expect(gitea.comments).toHaveLength(1);
  expect(gitea.comments[0]!.body).toContain(proposed.slice(0, 8));
  expect(applying.files.read('desired-state/site.yaml')?.toString()).toContain('two');
  expect(textOf(look)).toContain('two');
  expect(readdirSync(join(rig.stateDirectory, 'revisions')).join(' ')).not.toContain(proposed);
  expect(rig.git('--git-dir', join(rig.stateDirectory, 'mirror'), 'for-each-ref')).not.toContain(proposed);
  expect(readdirSync(join(rig.stateDirectory, 'visits'))).toEqual([]);
});

it('of a stranger’s pull request all is checked but what only decrypted variables could tell', async () => {
  await using host = await openPlanned();
  const vault = { 'inventory/group_vars/all.yml': '$ANSIBLE_VAULT;1.1;AES256\n3031\n' };
  const one = host.push('one');
  host.open('{{ token }}', vault);
  host.open('{{ token | nope }}', vault);

  expect(await host.plan(one)).toEqual({});

  const told = host.gitea.comments.map(({ body }) => /```text\n([^]*)\n```/.exec(body)![1]!).sort();
  expect(told).toEqual([
    '0 resources, 0 problems',
    expect.stringMatching(/^desired-state\/site\.yaml:4:49 {2}no filter "nope".*\n0 resources, 1 problem$/) as string,
  ]);
});

it('a stranger’s pull request that brings too much is told so, and not fetched again with every look', async () => {
  await using host = await openPlanned();
  const { rig, gitea } = host;
  const one = host.push('one');
  await rig.open().accept((await rig.look()).commit!);
  // Packs are as large as what is in them.
  rig.git('config', 'core.compression', '0');
  for (const setting of ['core.compression', 'receive.unpackLimit']) rig.git('--git-dir', rig.remote, 'config', setting, '0');
  host.open('proposed', { large: 'x'.repeat(66 * 1024 * 1024) });

  expect(await host.plan(one)).toEqual({});

  expect(gitea.comments.map(({ body }) => body)).toEqual([expect.stringContaining('it sends more than one repository may hold')]);
});
