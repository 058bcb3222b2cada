import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import type { AgentStatus } from '../../src/model/agent.ts';
import type { LogLine } from '../support/agent-process.ts';
import { fakePull, type FakePull } from '../support/fake-gitea-store.ts';
import { openScene } from '../support/agent-scene.ts';
import { openChaosProxy } from '../support/chaos-proxy.ts';
import { runCli } from '../support/run-cli.ts';

vi.setConfig({ testTimeout: 60_000 });

const failing = '- { kind: command, argv: ["false"], creates: "{{ base }}/made" }\n';
const statusOf = ({ environment: env }: Awaited<ReturnType<typeof openScene>>): AgentStatus =>
  JSON.parse(runCli(['status', '-o', 'json'], { env }).stdout) as AgentStatus;
const converged = ({ outcome }: LogLine): boolean => outcome === 'converged';

it('push, hook, converged, told; hand edit, healed; bad revision, taken back and told; fix, closed', async () => {
  await using scene = await openScene();
  const { gitea, deliver, statusOf, motd } = scene;
  const first = scene.push('one');
  await using agent = scene.start();
  await agent.line(({ commit, outcome }) => commit === first && outcome === 'converged');
  await gitea.until(() => statusOf(first).includes('success'));

  const second = scene.push('two');
  const done = agent.next(({ commit }) => commit === second);
  const { status } = await deliver(second);
  expect(status).toBe(202);
  expect((await done).outcome).toBe('converged');
  expect(motd()).toBe('two\n');
  await gitea.until(() => statusOf(second).includes('success'));
  expect(statusOf(second)).toEqual(['pending', 'success']);

  const healed = agent.next(converged);
  scene.edit('by hand\n');
  await healed;
  expect(motd()).toBe('two\n');

  const bad = scene.push('three', failing);
  const refused = agent.next(({ commit, outcome }) => commit === bad && outcome !== undefined);
  await deliver(bad);
  expect((await refused).outcome).toBe('rolledBack');
  expect(motd()).toBe('two\n');
  await gitea.until(() => gitea.issues.some(({ state }) => state === 'open'));
  await gitea.until(() => statusOf(bad).includes('failure'));

  const fixed = scene.push('four');
  const again = agent.next(({ commit, outcome }) => commit === fixed && outcome === 'converged');
  await deliver(fixed);
  await again;
  expect(motd()).toBe('four\n');
  await gitea.until(() => gitea.issues.every(({ state }) => state === 'closed'));
  expect(gitea.issues).toHaveLength(1);
  agent.kill('SIGTERM');
  expect(await agent.ended).toBe(0);
});

it('with the remote gone the last good revision is kept, also over a restart and without the mirror', async () => {
  await using scene = await openScene();
  const commit = scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);
  agent.kill('SIGTERM');
  await agent.ended;

  rmSync(scene.rig.remote, { recursive: true });
  rmSync(join(scene.state, 'mirror'), { recursive: true });
  scene.edit('by hand\n');
  await using offline = scene.start();
  const report = await offline.line(converged);

  expect(report.commit).toBe(commit);
  expect(scene.motd()).toBe('one\n');
  await offline.line(({ level, message }) => level === 'warn' && message.startsWith('no new revision is taken: '));
  const { lastSuccess } = statusOf(scene);
  const now = await scene.now();
  expect(now).toMatchObject({ exit: 1, stderr: expect.stringMatching(/^reconcile: http.*config\.git: /) });
  expect(statusOf(scene).lastSuccess).toBe(lastSuccess);
});

it('while the remote hangs a local edit is repaired at once, and what is pushed to another remote is applied after that', async () => {
  await using scene = await openScene();
  await using proxy = await openChaosProxy(scene.server);
  const { RECONCILE_HOST_POLICY: file } = scene.environment;
  const policy = JSON.parse(readFileSync(file, 'utf8')) as { remote: { urls: readonly string[] } };
  const urls = [proxy.url('config.git'), ...policy.remote.urls];
  writeFileSync(file, JSON.stringify({ ...policy, remote: { ...policy.remote, urls, timeout: '8s' } }));
  scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);

  proxy.fault = { type: 'hang' };
  const asked = proxy.nextRequest();
  const second = scene.push('two');
  agent.kill('SIGUSR1');
  await asked;
  const healed = agent.next(converged);
  const applied = agent.next(({ commit, outcome }) => commit === second && outcome === 'converged');
  const begun = performance.now();
  scene.edit('by hand\n');

  await healed;
  expect(scene.motd()).toBe('one\n');
  expect(performance.now() - begun).toBeLessThan(6_000);
  await applied;
  expect(scene.motd()).toBe('two\n');
  const { passedOver } = statusOf(scene).fetch!;
  expect(passedOver).toContain(proxy.url('config.git'));
});

it('what a revision changed before it failed is taken back; it is not tried again, and the last good one is kept up', async () => {
  await using scene = await openScene();
  const { motd } = scene;
  const good = scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);

  const bad = scene.push('two', failing);
  const failed = agent.next(({ outcome }) => outcome === 'rolledBack');
  agent.kill('SIGUSR1');
  expect((await failed).commit).toBe(bad);
  expect(motd()).toBe('one\n');

  const healed = agent.next(converged);
  scene.edit('by hand\n');
  expect((await healed).commit).toBe(good);
  expect(motd()).toBe('one\n');
  expect(agent.lines.filter(({ outcome, commit }) => outcome !== undefined && commit === bad)).toHaveLength(1);
  const now = await scene.now();
  expect(now).toMatchObject({ exit: 6, stderr: expect.stringContaining(`reconcile: ${bad.slice(0, 8)} is not applied here: `) });
  await scene.gitea.until(() => scene.statusOf(bad).includes('failure'));
});

it('a revision that a person takes back is not tried again, and the one before is kept up', async () => {
  await using scene = await openScene();
  const { motd } = scene;
  const good = scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);
  const bad = scene.push('two');
  agent.kill('SIGUSR1');
  const { run } = await agent.line(({ outcome, commit }) => commit === bad && outcome === 'converged');
  expect(runCli(['rollback', run!], { env: scene.environment }).exit).toBe(0);
  await agent.line(({ outcome, commit }) => commit === bad && outcome === 'refused');

  const healed = agent.next(converged);
  scene.edit('by hand\n');
  expect((await healed).commit).toBe(good);
  expect(motd()).toBe('one\n');
  const again = agent.next(converged);
  runCli(['release'], { env: scene.environment });
  agent.kill('SIGUSR1');
  expect((await again).commit).toBe(bad);
  expect(motd()).toBe('two\n');
});

it('of a revision of which a part was taken back nothing is kept up, nor of the one before', async () => {
  await using scene = await openScene();
  const { motd } = scene;
  scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);
  const commit = scene.push('two');
  agent.kill('SIGUSR1');
  await agent.line((line) => line.commit === commit && line.outcome === 'converged');
  const healed = agent.next(converged);
  scene.edit('by hand\n');
  const { run } = await healed;

  const refused = agent.next(({ outcome }) => outcome === 'refused');
  expect(runCli(['rollback', run!], { env: scene.environment }).exit).toBe(0);
  await refused;
  agent.kill('SIGUSR1');
  await sleep(1_000);

  expect(motd()).toBe('by hand\n');
});

it('now --wait says what became of the newest revision also where nothing is left to be run', async () => {
  await using scene = await openScene();
  scene.push('one', failing);
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'rolledBack');
  const { summary } = statusOf(scene).last!;
  expect(await scene.now()).toEqual({ exit: 6, stderr: `reconcile: ${summary}\n` });

  const good = scene.push('two');
  agent.kill('SIGUSR1');
  const { run } = await agent.line(({ outcome, commit }) => outcome === 'converged' && commit === good);
  const refused = agent.next(({ outcome }) => outcome === 'refused');
  expect(runCli(['rollback', run!], { env: scene.environment }).exit).toBe(0);
  await refused;
  expect(await scene.now()).toMatchObject({ exit: 7, stderr: expect.stringContaining(statusOf(scene).last!.summary) });
});

it('while the newest revision is refused, the last good one is kept up', async () => {
  await using scene = await openScene();
  const { rig, motd } = scene;
  const good = scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);

  const bad = rig.push({ 'desired-state/policy.yaml': 'bandit: 1\n' });
  const refused = agent.next(({ outcome }) => outcome === 'invalid');
  agent.kill('SIGUSR1');
  expect((await refused).commit).toBe(bad);

  const { lastSuccess } = statusOf(scene);
  const healed = agent.next(converged);
  scene.edit('by hand\n');
  expect((await healed).commit).toBe(good);
  expect(motd()).toBe('one\n');
  expect(statusOf(scene)).toMatchObject({ lastSuccess, last: { outcome: 'invalid' } });
});

it('a plan that waits for a person goes on waiting while the last good revision is kept up', async () => {
  await using scene = await openScene();
  const { motd, environment: env } = scene;
  scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);
  scene.rig.commit({ 'desired-state/policy.yaml': `approval: { addresses: ["file[${scene.base}/motd]"] }\n` });
  const commit = scene.push('two');
  agent.kill('SIGUSR1');
  const { run } = await agent.line((line) => line.commit === commit && line.outcome === 'refused');
  const healed = agent.next(converged);
  scene.edit('by hand\n');
  await healed;

  expect(statusOf(scene)).toMatchObject({ last: { run, outcome: 'refused' }, approval: { run } });
  const done = agent.next((line) => line.commit === commit && line.outcome === 'converged');
  expect(runCli(['approve', run!], { env }).exit).toBe(0);
  await done;
  expect(motd()).toBe('two\n');
});

it('drift of the last good revision that waits for a person is told, and done once approved, while the newest is in quarantine', async () => {
  await using scene = await openScene();
  const { motd, environment: env } = scene;
  scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);
  const policy = `approval: { addresses: ["file[${scene.base}/motd]"] }\n`;
  const good = scene.rig.push({ 'desired-state/policy.yaml': policy });
  expect(await scene.now()).toEqual({ exit: 0, stderr: '' });
  const bad = scene.push('one', failing);
  agent.kill('SIGUSR1');
  await agent.line((line) => line.commit === bad && line.outcome === 'rolledBack');
  const asked = agent.next((line) => line.commit === good && line.outcome === 'refused');
  scene.edit('by hand\n');
  const { run } = await asked;

  await scene.now();
  expect(statusOf(scene)).toMatchObject({ approval: { run }, quarantine: { commit: bad } });
  const done = agent.next((line) => line.commit === good && line.outcome === 'converged');
  expect(runCli(['approve', run!], { env }).exit).toBe(0);
  await done;
  expect(motd()).toBe('one\n');
  expect(statusOf(scene).approval).toBeNull();
});

it('open pull requests are told what they would do here; those of strangers only whether they are valid', async () => {
  await using scene = await openScene();
  const { rig, gitea, motd } = scene;
  scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);
  const open = (text: string, more: string, login: string): FakePull => {
    const commit = scene.commit(text, more);
    const pull = fakePull(gitea, { sha: commit, login });
    rig.git('push', '--quiet', 'origin', `HEAD:refs/pull/${pull.number}/head`);
    rig.git('reset', '--quiet', '--hard', 'HEAD~1');
    return pull;
  };
  const trusted = open('proposed', '', 'ada');
  const strange = open('looks into', '- { kind: file, path: "{{ base }}/motd2", content: "{{ nope }}" }\n', 'mallory');

  for (const pull of [trusted, strange]) expect((await scene.deliverPull(pull)).status).toBe(202);
  await gitea.until(() => gitea.comments.length === 2);

  const bodyOf = ({ number }: FakePull): string => gitea.comments.find(({ issue }) => issue === number)?.body ?? '';
  expect(bodyOf(trusted)).toContain('+proposed');
  expect(bodyOf(strange)).toContain('"nope" is undefined');
  expect(bodyOf(strange)).not.toContain('looks into');
  expect(motd()).toBe('one\n');
});
