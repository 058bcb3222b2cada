import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { openFollowRig } from '../source/git/follow-rig.ts';
import { startRig, type AgentRig } from '../support/agent-rig.ts';
import { site } from '../support/repository.ts';

vi.setConfig({ testTimeout: 30_000 });

const policy = 'approval: { addresses: ["file[/motd]"] }\n';
const motd = '- { kind: file, path: /motd, content: "right\\n" }\n';
const old = '- { kind: file, path: /old, content: "old\\n", prune: confirm }\n';
const pass = ({ port }: AgentRig) => port.ended(port.trigger('control').run);
const codesOf = (report: Report | undefined) => report?.problems.map(({ code }) => code);

/** A host on which /old is left over, and a plan for /motd waits for a person. */
async function ask(agent: AgentRig): Promise<string> {
  await pass(agent);
  agent.repository.write('desired-state/site.yaml', site(motd));
  expect(codesOf(await pass(agent))).toEqual(['needs-approval']);
  return agent.port.status().approval!.run;
}

const approve = async ({ port }: AgentRig, run: string): Promise<Report | undefined> => {
  expect(port.approve(run, 'ada')).toBe(true);
  return port.ended(port.trigger('control').run);
};

it('an approved plan that has moved is another plan, which a person is asked about at once', async () => {
  await using agent = startRig(old, { 'desired-state/policy.yaml': policy }, { heal: false });
  const asked = await ask(agent);
  agent.edit('motd', 'by hand\n');

  const moved = await approve(agent, asked);

  expect([moved?.outcome, codesOf(moved)]).toEqual(['refused', ['needs-approval']]);
  const { approval } = agent.port.status();
  expect(approval).toMatchObject({ run: moved!.run, planDigest: moved!.planDigest });
  expect(approval).not.toHaveProperty('approved');
  expect(approval!.run).not.toBe(asked);
  expect(existsSync(join(agent.repository.root, 'old'))).toBe(true);
  expect(await approve(agent, approval!.run)).toMatchObject({ outcome: 'converged', counts: { update: 1, remove: 1 } });
});

it('a plan that has moved so that nobody has to approve it is made, without the deletions that wait for a person', async () => {
  await using agent = startRig(old, { 'desired-state/policy.yaml': policy }, { heal: false });
  const asked = await ask(agent);
  agent.edit('motd', 'right\n');
  agent.repository.write('desired-state/site.yaml', site(`${motd}- { kind: file, path: /issue, content: "new\\n" }\n`));

  expect(await approve(agent, asked)).toMatchObject({ outcome: 'converged', counts: { create: 1, remove: 0, held: 1 } });

  expect(agent.port.status().approval).toBeNull();
  expect(existsSync(join(agent.repository.root, 'old'))).toBe(true);
});

it('what a person is asked about is the plan that is left when the last good revision was repaired', async () => {
  using rig = openFollowRig();
  const push = (text: string): string =>
    rig.push({
      'desired-state/policy.yaml': policy.replace('motd', text === 'one' ? 'none' : 'motd'),
      'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n',
      'desired-state/site.yaml': site(`${motd.replace('right', text)}- { kind: file, path: /issue, content: "right\\n" }\n`),
    });
  push('one');
  await using agent = startRig(motd, {}, { heal: false }, () => rig.open());
  await pass(agent);
  const { root } = agent.repository;

  rmSync(join(root, 'issue'));
  const second = push('two');
  const waiting = await pass(agent);
  expect(waiting?.steps.map(({ address }) => address)).toEqual(['file[/motd]']);
  agent.edit('issue', 'by hand\n');
  const done = await approve(agent, agent.port.status().approval!.run);

  expect(done).toMatchObject({ outcome: 'converged', revision: { commit: second } });
  expect(agent.port.status()).toMatchObject({ approval: null, revision: { applied: second }, last: { run: done!.run } });
  expect(['motd', 'issue'].map((name) => readFileSync(join(root, name), 'utf8'))).toEqual(['two\n', 'right\n']);
  expect(
    agent.port.briefs(9).filter(({ steps }) => steps.some(({ cause }) => cause === 'drift' && steps.length === 1)),
  ).toHaveLength(2);
});

describe('of plans that follow one another, with the same changes by name,', () => {
  const files = { 'desired-state/policy.yaml': policy };

  it('each can be shown, and one that nobody has looked at is not approved by the id of the one before', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2027-03-05T04:11:00Z') });
    await using agent = startRig(motd, files, { heal: false });
    await pass(agent);
    const first = agent.port.status().approval!.run;
    agent.repository.write('desired-state/site.yaml', site(motd.replace('right', 'other')));
    const second = await pass(agent);
    vi.useRealTimers();

    expect(second!.run).not.toBe(first);
    expect(agent.port.status().approval?.run).toBe(second!.run);
    expect(agent.port.report(second!.run)).toMatchObject({ planDigest: second!.planDigest });
    expect(agent.port.approve(first, 'ada')).toBe(false);
    expect(agent.port.approve('2027', 'ada')).toBe(false);
    expect(agent.port.approve(second!.run, 'ada')).toBe(true);
  });

  it('the one that repairs the last good revision can be shown too', async () => {
    using rig = openFollowRig();
    const push = (resources: string): string =>
      rig.push({ ...files, 'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n', 'desired-state/site.yaml': site(resources) });
    push('- { kind: file, path: /issue, content: "right\\n" }\n');
    await using agent = startRig(motd, {}, { heal: false }, () => rig.open());
    await pass(agent);
    const good = push(motd);
    await approve(agent, (await pass(agent))!.run);
    push('- { kind: file, path: /motd, contents: "x" }\n');
    agent.edit('motd', 'by hand\n');

    expect(await pass(agent)).toMatchObject({ outcome: 'invalid' });

    const asked = agent.port.status().approval!.run;
    expect(agent.port.report(asked)).toMatchObject({ run: asked, revision: { commit: good } });
  });
});
