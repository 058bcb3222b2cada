import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { LogLine } from '../support/agent-process.ts';
import { fakePull } from '../support/fake-gitea-store.ts';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

const failing = '- { kind: command, argv: ["false"], creates: "{{ base }}/made" }\n';
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
  await scene.gitea.until(() => scene.statusOf(bad).includes('failure'));
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

  const healed = agent.next(converged);
  scene.edit('by hand\n');
  expect((await healed).commit).toBe(good);
  expect(motd()).toBe('one\n');
});

it('open pull requests are told what they would do here; those of strangers only whether they are valid', async () => {
  await using scene = await openScene();
  const { rig, gitea, motd } = scene;
  scene.push('one');
  await using agent = scene.start();
  await agent.line(converged);
  const open = (text: string, more: string, login: string): number => {
    const commit = scene.commit(text, more);
    const { number } = fakePull(gitea, { sha: commit, login });
    rig.git('push', '--quiet', 'origin', `HEAD:refs/pull/${number}/head`);
    rig.git('reset', '--quiet', '--hard', 'HEAD~1');
    return number;
  };
  const trusted = open('proposed', '', 'ada');
  const strange = open('looks into', '- { kind: file, path: "{{ base }}/motd2", content: "{{ nope }}" }\n', 'mallory');

  agent.kill('SIGUSR1');
  await gitea.until(() => gitea.comments.length === 2);

  const bodyOf = (number: number): string => gitea.comments.find(({ issue }) => issue === number)?.body ?? '';
  expect(bodyOf(trusted)).toContain('+proposed');
  expect(bodyOf(strange)).toContain('"nope" is undefined');
  expect(bodyOf(strange)).not.toContain('looks into');
  expect(motd()).toBe('one\n');
});
