import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { followWorkingTree } from '../../src/agent/follow-working-tree.ts';
import { workingTree } from '../../src/source/working-tree.ts';
import { startRig, type AgentRig } from '../support/agent-rig.ts';
import { runCli } from '../support/run-cli.ts';

vi.setConfig({ testTimeout: 15_000 });

const motd = '- { kind: file, path: /motd, content: "right\\n" }';
const textOf = ({ repository }: AgentRig, path: string): string => readFileSync(join(repository.root, path), 'utf8');
const pass = ({ port }: AgentRig) => port.ended(port.trigger('control').run);

it('the first pass converges the host, and the next one finds nothing to do', async () => {
  await using agent = startRig(motd);

  const first = await agent.next();
  const second = await pass(agent);

  expect(first.summary).toContain('1 added');
  expect(second?.summary).toContain('nothing to do');
  expect(second?.writes).toBe(0);
  expect(agent.port.status()).toMatchObject({ host: 'box', phase: 'idle', last: { outcome: 'converged' }, suspended: null });
  expect(agent.port.briefs(9).map(({ run }) => run)).toEqual([first.run]);
  expect(agent.news.map(({ type }) => type)).toEqual(['applying', 'ended', 'ended']);
});

it('a local edit is repaired by itself, and the own write starts no further run', async () => {
  await using agent = startRig(motd);
  await pass(agent);

  const healed = agent.next(({ writes }) => writes > 0);
  agent.edit('motd', 'wrong\n');
  const { steps } = await healed;

  expect(steps[0]).toMatchObject({ address: 'file[/motd]', cause: 'drift', outcome: 'changed' });
  expect(textOf(agent, 'motd')).toBe('right\n');
  await pass(agent);
  expect(agent.port.status().passes.watch).toBe(1);
});

it('a file that another program keeps changing is contested: left alone and told', async () => {
  await using agent = startRig(motd);
  await pass(agent);

  for (let round = 0; round < 5; round++) {
    const healed = agent.next(({ writes }) => writes > 0);
    agent.edit('motd', `theirs ${round}\n`);
    await healed;
  }
  const { lastSuccess } = agent.port.status();
  const held = agent.next(({ steps }) => steps.some(({ outcome }) => outcome === 'held'));
  agent.edit('motd', 'theirs at last\n');
  const { steps, outcome } = await held;

  expect(outcome).toBe('converged');
  expect(steps[0]?.reason).toContain('contested');
  expect(textOf(agent, 'motd')).toBe('theirs at last\n');
  await pass(agent);
  expect(agent.port.status()).toMatchObject({ contested: ['file[/motd]'], differing: 1, lastSuccess });
});

it('a busy directory beside drift that is only reported starves no poll, and is not looked at each time', async () => {
  await using agent = startRig(`${motd.slice(0, -2)}, on_drift: report }`, {}, { interval: '2s' });
  await pass(agent);
  agent.edit('motd', 'mine\n');

  for (let written = 0; written < 25; written++) {
    agent.edit(`other-${written}.log`, '');
    await sleep(200);
  }

  const { interval = 0, watch = 0 } = agent.port.status().passes;
  expect(interval).toBeGreaterThan(0);
  expect(watch).toBeLessThan(8);
});

it('what is edited beside drift that is only reported is repaired at once, however busy the directory is', async () => {
  await using agent = startRig(`${motd.slice(0, -2)}, on_drift: report }\n- { kind: file, path: /issue, content: "right\\n" }`);
  await pass(agent);
  agent.edit('motd', 'mine\n');
  for (let written = 0; written < 1_500; written++) {
    agent.edit(`other-${written}.log`, '');
    if (written % 100 === 99) await sleep(200);
  }

  const healed = agent.next(({ writes }) => writes > 0);
  const begun = performance.now();
  agent.edit('issue', 'wrong\n');
  await healed;

  // Looks that only the logs cause are seconds apart by now.
  expect(performance.now() - begun).toBeLessThan(1_500);
});

it('local edits are repaired while a remote does not answer, and who waits for that look hears its end', async () => {
  const answer = Promise.withResolvers<void>();
  let isHanging = false;
  await using agent = startRig(motd, {}, {}, (path) => {
    const tree = followWorkingTree(path);
    return { ...tree, look: async (signal) => (isHanging && (await answer.promise), tree.look(signal)) };
  });
  await pass(agent);
  isHanging = true;
  const { run } = agent.port.trigger('control');
  await vi.waitFor(() => expect(agent.port.status().phase).toBe('fetching'));

  for (const text of ['wrong\n', 'wrong again\n', 'and again\n', 'and again!\n']) {
    const healed = agent.next(({ writes }) => writes > 0);
    agent.edit('motd', text);
    await healed;
    expect(textOf(agent, 'motd')).toBe('right\n');
    await vi.waitFor(() => expect(agent.port.status().phase).toBe('fetching'));
  }
  agent.repository.write('desired-state/policy.yaml', '# another revision\n{}\n');
  answer.resolve();
  expect(await agent.port.ended(run)).toMatchObject({ outcome: 'converged', writes: 0 });
});

it.each([
  ['a poll that finds another revision has missed a hook, and one that finds none after an outage has not', ['main'], 1],
  ['a poll that finds another revision of a branch that no hook tells of has missed none', ['other'], 0],
])('%s', async (_fact, branches, missed) => {
  const answers = ['a', null, 'a', null, null, 'b'];
  const hooks = [{ name: 'config', forge: 'gitea', secret_file: '/etc/hook', repositories: ['ops/config'], branches }];
  await using agent = startRig(motd, {}, { hooks }, (path) => {
    const tree = followWorkingTree(path);
    const look = async (signal: AbortSignal) => ({ ...(await tree.look(signal)), branch: 'main', seen: answers.shift() ?? null });
    return { ...tree, look };
  });
  while (answers.length > 0) await agent.port.ended(agent.port.trigger('interval').run);

  expect(agent.port.status().missedHooks).toBe(missed);
});

it('an agent that starts while a remote does not answer keeps up what was good last', async () => {
  const answer = Promise.withResolvers<void>();
  await using agent = startRig(motd, {}, {}, (path) => {
    const tree = followWorkingTree(path);
    return { ...tree, look: (signal) => answer.promise.then(() => tree.look(signal)), lastGood: () => workingTree(path) };
  });

  const kept = await agent.next();

  expect(kept).toMatchObject({ outcome: 'converged', writes: 1 });
  expect(textOf(agent, 'motd')).toBe('right\n');
  await vi.waitFor(() => expect(agent.port.status().phase).toBe('fetching'));
  const { run } = agent.port.trigger('control');
  answer.resolve();
  expect(await agent.port.ended(run)).toMatchObject({ outcome: 'converged', writes: 0 });
});

it('any number of triggers while one run waits are one run', async () => {
  await using agent = startRig(motd);
  const ids = new Set(Array.from({ length: 500 }, () => agent.port.trigger('webhook').run));

  await Promise.all([...ids].map(agent.port.ended));

  expect(ids.size).toBe(1);
  expect(agent.port.status().passes).toMatchObject({ webhook: 1 });
});

it('while suspended nothing is written, by the agent or by hand; resuming makes up for it', async () => {
  await using agent = startRig(motd);
  await pass(agent);
  const until = new Date(Date.now() + 3_600_000).toISOString();

  agent.port.suspend({ reason: 'upgrade of the rack', by: 'ada', until });
  const seen = agent.next(({ outcome }) => outcome === 'driftOnly');
  agent.edit('motd', 'wrong\n');
  await seen;
  const byHand = agent.repository.run();

  expect(byHand.exit).toBe(5);
  expect(byHand.stdout).toContain('Suspended by ada');
  expect(textOf(agent, 'motd')).toBe('wrong\n');
  expect(agent.port.status().suspended).toMatchObject({ reason: 'upgrade of the rack' });
  const healed = agent.next(({ writes }) => writes > 0);
  agent.port.resume();
  await healed;
  expect(textOf(agent, 'motd')).toBe('right\n');
});

it('what policy calls risky waits for a person, under one name, and is done once approved', async () => {
  const policy = 'approval: { addresses: ["file[/motd]"] }\n';
  await using agent = startRig(motd, { 'desired-state/policy.yaml': policy });

  const asked = await agent.next();
  await pass(agent);
  const { approval } = agent.port.status();
  const done = agent.next(({ writes }) => writes > 0);

  expect(asked).toMatchObject({ outcome: 'refused', problems: [{ code: 'needs-approval' }] });
  expect(approval?.run).toBe(asked.run);
  expect(agent.port.approve('20990101', 'ada')).toBe(false);
  expect(agent.port.approve(asked.run, 'ada')).toBe(true);
  expect((await done).outcome).toBe('converged');
  await pass(agent);
  expect(agent.port.status().approval).toBeNull();
});

it('nobody is asked about a plan whose revision is in quarantine, and approving it says no', async () => {
  await using agent = startRig(motd, { 'desired-state/policy.yaml': 'approval: { addresses: ["file[/motd]"] }\n' });
  const asked = await agent.next();
  await pass(agent);
  expect(agent.repository.run().exit).toBe(0);
  expect(runCli(['rollback', '--root', agent.repository.root]).exit).toBe(0);

  const refused = await pass(agent);

  expect(refused?.problems.map(({ code }) => code)).toEqual(['quarantined', 'needs-approval']);
  expect(agent.port.status().approval).toBeNull();
  expect(agent.port.approve(asked.run, 'ada')).toBe(false);
  expect(agent.port.approve(refused!.run, 'ada')).toBe(false);
});

it('an approved plan waits, as approved, for the end of a suspension', async () => {
  await using agent = startRig(motd, { 'desired-state/policy.yaml': 'approval: { addresses: ["file[/motd]"] }\n' });
  const { run } = await agent.next();
  await pass(agent);
  agent.port.suspend({ reason: 'x', by: 'ada', until: new Date(Date.now() + 3_600_000).toISOString() });

  expect(agent.port.status().approval).not.toHaveProperty('approved');
  expect(agent.port.approve(run, 'ada')).toBe(true);
  await pass(agent);

  expect(agent.port.status().approval).toMatchObject({ run, approved: true });
  const done = agent.next(({ writes }) => writes > 0);
  agent.port.resume();
  expect((await done).outcome).toBe('converged');
});

it('an approved plan waits, as approved, for its window', async () => {
  const policy = 'approval: { addresses: ["file[/motd]"] }\nwindows: [{ kind: deny, schedule: "* * * * *", duration: 5m }]\n';
  await using agent = startRig(motd, { 'desired-state/policy.yaml': policy });
  const { run } = await agent.next();
  await pass(agent);

  expect(agent.port.approve(run, 'ada')).toBe(true);
  for (let turn = 0; turn < 2; turn++) expect((await pass(agent))?.problems.map(({ code }) => code)).toEqual(['outside-window']);

  expect(agent.port.status().approval).toMatchObject({ run, approved: true });
});

it('while a deny window is open the agent changes nothing and says so; by hand it is done', async () => {
  const policy = 'windows: [{ kind: deny, schedule: "* * * * *", duration: 5m }]\n';
  await using agent = startRig(motd, { 'desired-state/policy.yaml': policy });

  const kept = await pass(agent);
  const { windowClosed } = agent.port.status();
  const byHand = agent.repository.run();

  expect(kept).toMatchObject({ outcome: 'refused', problems: [{ code: 'outside-window' }], writes: 0 });
  expect(windowClosed).toBe(true);
  expect(byHand.exit, byHand.stdout).toBe(0);
  expect(textOf(agent, 'motd')).toBe('right\n');
});

it('an invalid configuration is told once and changes nothing; the fix is applied by itself', async () => {
  await using agent = startRig(motd);
  await pass(agent);

  agent.repository.write('desired-state/policy.yaml', 'bandit: 1\n');
  const bad = await pass(agent);
  await pass(agent);
  agent.repository.write('desired-state/policy.yaml', '{}\n');
  const good = await pass(agent);

  expect([bad?.outcome, good?.outcome]).toEqual(['invalid', 'converged']);
  expect(agent.port.briefs(9).map(({ outcome }) => outcome)).toEqual(['invalid', 'converged']);
});

it('what is told survives a restart, and stopping ends at once', async () => {
  await using agent = startRig(motd);
  const first = await agent.next();
  await agent.stop();

  expect(agent.port.status()).toMatchObject({ phase: 'stopping', last: { run: first.run } });
  expect(await agent.port.ended('no such run')).toBeUndefined();
});
