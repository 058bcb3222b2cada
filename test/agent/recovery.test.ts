import { expect, it, vi } from 'vitest';
import { openReceiver } from '../notify/notify-rig.ts';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

const failing = '- { kind: command, argv: ["false"], creates: "{{ base }}/made" }\n';
const policy = (windows: string) => ({ 'desired-state/policy.yaml': `windows: [${windows}]\n` });

it('a failure is over, in chats and in the issue, when a newer revision was applied, and not while that one waits', async () => {
  using chat = await openReceiver();
  const told = (): readonly string[] =>
    chat.received.map(({ body }) => /FAILED|RECOVERED/.exec((JSON.parse(body) as { text: string }).text)?.[0] ?? '');
  await using scene = await openScene({ notify: [{ type: 'webhook', url: chat.url, on: ['failure', 'recovery'] }] });
  const { gitea } = scene;
  const issue = (): readonly string[] => gitea.issues.map(({ state }) => state);
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  scene.push('two', failing);
  await scene.now();
  await gitea.until(() => issue().includes('open'));

  scene.rig.commit(policy('{ kind: deny, schedule: "* * * * *", duration: 5m }'));
  const waiting = scene.push('three');
  await scene.now();
  await gitea.until(() => scene.statusOf(waiting).includes('pending'));
  scene.rig.commit(policy(''));
  const last = scene.push('four');
  expect((await scene.now()).exit).toBe(0);
  await gitea.until(() => issue().includes('closed') && gitea.comments.length > 0);
  await vi.waitFor(() => expect(told()).toEqual(['FAILED', 'RECOVERED']), 10_000);

  expect(gitea.comments.map(({ body }) => body)).toEqual([expect.stringContaining(`at commit ${last}`)]);
});
