import { expect, it, vi } from 'vitest';
import { openReceiver } from '../notify/notify-rig.ts';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

const failing = '- { kind: command, argv: ["false"], creates: "{{ base }}/made" }\n';

it('a failure is told at once where somebody answers, and after a restart where nobody did', async () => {
  let isUp = false;
  const back = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  using away = await openReceiver((response) => {
    if (!isUp) return;
    response.end();
    if (away.received.at(-1)!.body.includes('FAILED')) back.resolve();
  });
  using healthy = await openReceiver((response) => {
    response.end();
    if (healthy.received.at(-1)!.body.includes('FAILED')) told.resolve();
  });
  const on = ['change', 'failure'];
  const notify = [away, healthy].map(({ url }) => ({ type: 'webhook', url, on }));
  await using scene = await openScene({ notify });
  const { gitea } = scene;
  const good = scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  await gitea.until(() => scene.statusOf(good).includes('success'));

  gitea.fault({ on: /./, times: Infinity, answer: 'hang' });
  const bad = scene.push('two', failing);
  agent.kill('SIGUSR1');
  await agent.line(({ outcome }) => outcome === 'rolledBack');
  await told.promise;
  agent.kill('SIGTERM');
  expect(await agent.ended).toBe(0);
  expect(agent.lines.filter(({ message }) => message.includes('database'))).toEqual([]);
  expect(scene.statusOf(bad)).toEqual([]);

  gitea.heal();
  isUp = true;
  await using again = scene.start();
  await again.line(({ message }) => message.startsWith('following'));
  await gitea.until(() => scene.statusOf(bad).includes('failure') && gitea.issues.some(({ state }) => state === 'open'));
  await back.promise;
  expect(healthy.received.filter(({ body }) => body.includes('FAILED'))).toHaveLength(1);
});
