import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { followWorkingTree } from '../../src/agent/follow-working-tree.ts';
import type { Follower, Look } from '../../src/model/follower.ts';
import { openFollowRig } from '../source/git/follow-rig.ts';
import { startRig, type AgentRig } from '../support/agent-rig.ts';
import { openScene } from '../support/agent-scene.ts';
import { site } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';

vi.setConfig({ testTimeout: 30_000 });

const motd = (text: string): string => `- { kind: file, path: /motd, content: "${text}\\n" }`;
const textOf = ({ repository }: AgentRig): string => readFileSync(join(repository.root, 'motd'), 'utf8');
const pass = ({ port }: AgentRig) => port.ended(port.trigger('control').run);

describe('a maintenance window', () => {
  const windows = 'windows: [{ kind: allow, schedule: "11 4 * * *", duration: 1m }]\n';
  const file = 'desired-state/policy.yaml';
  const opening = Date.parse('2027-03-05T04:11:00Z');
  // The clock of the host stands still but for the test; the agent counts on one of its own.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: opening - 1_500 }));
  afterEach(() => void vi.useRealTimers());

  it('that opens between two polls wakes the agent, which makes what has waited for it', async () => {
    await using agent = startRig(motd('right'), { [file]: windows }, { heal: false });
    const kept = await pass(agent);
    const { nextPass } = agent.port.status();

    const done = agent.next(({ outcome }) => outcome === 'converged');
    vi.setSystemTime(opening);
    await done;

    expect(kept).toMatchObject({ outcome: 'refused', opensAt: new Date(opening).toISOString() });
    expect(Date.parse(nextPass!)).toBeCloseTo(opening, -3);
    expect(textOf(agent)).toBe('right\n');
    expect(agent.port.status().passes).toEqual({ start: 1, control: 1, retry: 1 });
  });

  it('lets through what a person has approved before it was open', async () => {
    const approval = 'approval: { addresses: ["file[/motd]"] }\n';
    await using agent = startRig(motd('right'), { [file]: windows + approval }, { heal: false });
    await pass(agent);

    agent.port.approve(agent.port.status().approval!.run, 'ada');
    const kept = await pass(agent);
    const done = agent.next(({ outcome }) => outcome === 'converged');
    vi.setSystemTime(opening);
    await done;

    expect(kept?.problems.map(({ code }) => code)).toEqual(['outside-window']);
    expect(textOf(agent)).toBe('right\n');
  });

  it('that opens in a month lets through what a person has approved today', async () => {
    const monthly = windows.replace('11 4 * * *', '11 4 1 * *');
    const approval = 'approval: { addresses: ["file[/motd]"] }\n';
    await using agent = startRig(motd('right'), { [file]: monthly + approval }, { heal: false });
    await pass(agent);

    agent.port.approve(agent.port.status().approval!.run, 'ada');
    vi.setSystemTime(Date.parse('2027-04-01T04:11:00Z'));

    expect(await pass(agent)).toMatchObject({ outcome: 'converged', writes: 1 });
  });

  it('is waited for by a new revision also where something else moves meanwhile', async () => {
    using rig = openFollowRig();
    const filesOf = (text: string) => ({
      [file]: windows,
      'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n',
      'desired-state/site.yaml': site(motd(text)),
    });
    const first = rig.push(filesOf('one'));
    vi.setSystemTime(opening);
    await using agent = startRig(motd('none'), {}, {}, () => rig.open());
    await agent.next(({ revision, outcome }) => revision.commit === first && outcome === 'converged');

    vi.setSystemTime(opening - 1_500);
    const second = rig.push(filesOf('two'));
    const refused = agent.next(({ revision }) => revision.commit === second);
    await pass(agent);
    const drifted = agent.next(({ revision, outcome }) => revision.commit === first && outcome === 'refused');
    agent.edit('motd', 'by hand\n');
    await drifted;
    const done = agent.next(({ revision, outcome }) => revision.commit === second && outcome === 'converged');
    vi.setSystemTime(opening + 1_000);
    await done;

    expect((await refused).outcome).toBe('refused');
    expect(textOf(agent)).toBe('two\n');
  });
});

it('when a suspension ends by itself, what has come meanwhile is applied', async () => {
  await using scene = await openScene();
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  expect(runCli(['suspend', '--for', '6s', '--reason', 'x'], { env: scene.environment }).exit).toBe(0);

  const second = scene.push('two');
  const seen = agent.next(({ commit, outcome }) => commit === second && outcome === 'upstreamPending');
  const done = agent.next(({ commit, outcome }) => commit === second && outcome === 'converged');
  await scene.deliver(second);
  await seen;
  await done;

  expect(scene.motd()).toBe('two\n');
});

it('while suspended nothing is applied, also where nothing would change', async () => {
  using rig = openFollowRig();
  const files = { 'inventory/hosts.yml': 'all:\n  hosts:\n    box:\n', 'desired-state/site.yaml': site(motd('right')) };
  const first = rig.push(files);
  await using agent = startRig(motd('none'), {}, {}, () => rig.open());
  await pass(agent);
  agent.port.suspend({ reason: 'x', by: 'ada', until: new Date(Date.now() + 3_600_000).toISOString() });
  const second = rig.push({ ...files, 'desired-state/policy.yaml': '# another revision\n{}\n' });

  expect(await pass(agent)).toMatchObject({ action: 'check', outcome: 'converged', revision: { commit: second } });
  expect(agent.port.status().revision).toMatchObject({ applied: first, seen: second });
});

it('the end of a suspension of a host that is as it should be is told at once', async () => {
  await using agent = startRig(motd('right'));
  await pass(agent);

  agent.port.suspend({ reason: 'x', by: 'ada', until: new Date(Date.now() + 1_500).toISOString() });
  await vi.waitFor(() => expect(agent.port.status().passes).toMatchObject({ retry: 1 }), 10_000);
  await vi.waitFor(() => expect(agent.news.at(-1)).toMatchObject({ type: 'ended', status: { suspended: null } }), 10_000);
});

it('the end of a suspension is told at once also where nothing could be applied yet', async () => {
  const silent: Look = { state: 'offline', source: undefined, commit: null, branch: null, seen: null, remote: null };
  const follow = (path: string): Follower => ({ ...followWorkingTree(path), look: () => Promise.resolve(silent) });
  await using agent = startRig(motd('none'), {}, {}, follow);
  await pass(agent);

  agent.port.suspend({ reason: 'x', by: 'ada', until: new Date(Date.now() + 1_500).toISOString() });
  expect(agent.news.at(-1)).toMatchObject({ status: { suspended: { by: 'ada' } } });
  await vi.waitFor(() => expect(agent.news.at(-1)).toMatchObject({ status: { suspended: null } }), 10_000);
});

it('the end of a contest is when the agent looks again', async () => {
  await using agent = startRig(motd('right'), {}, { interval: '24h' });
  await pass(agent);
  for (const text of ['a', 'b', 'c', 'd', 'e']) {
    const healed = agent.next(({ writes }) => writes > 0);
    writeFileSync(join(agent.repository.root, 'motd'), text);
    await healed;
    await vi.waitFor(() => expect(agent.port.status().phase).toBe('idle'));
  }

  const left = (): number => Date.parse(agent.port.status().nextPass!) - Date.now();
  expect(agent.port.status().contested).toEqual(['file[/motd]']);
  expect(left()).toBeLessThanOrEqual(3_600_000);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 365 * 86_400_000 });
  onTestFinished(() => void vi.useRealTimers());
  await pass(agent);
  expect(left(), 'by a clock that was set back').toBeLessThanOrEqual(3_600_000);
});

it('when a suspension ends by itself, a local edit from then is repaired; one that is cut short ends then', async () => {
  await using agent = startRig(motd('right'));
  await pass(agent);
  const suspend = (milliseconds: number): void =>
    agent.port.suspend({ reason: 'x', by: 'ada', until: new Date(Date.now() + milliseconds).toISOString() });

  suspend(3_600_000);
  const seen = agent.next(({ outcome }) => outcome === 'driftOnly');
  agent.edit('motd', 'wrong\n');
  await seen;
  const healed = agent.next(({ writes }) => writes > 0);
  suspend(1_500);
  await healed;

  expect(textOf(agent)).toBe('right\n');
});
