import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { openReceiver } from '../notify/notify-rig.ts';
import { openScene } from '../support/agent-scene.ts';
import { openChaosProxy } from '../support/chaos-proxy.ts';

vi.setConfig({ testTimeout: 60_000 });

it('an agent that is started while its remote is silent takes nothing back that it has told of it', async () => {
  using chat = await openReceiver();
  await using scene = await openScene({ notify: [{ type: 'webhook', url: chat.url, on: ['fetch', 'recovery'] }] });
  await using proxy = await openChaosProxy(scene.server);
  const file = scene.environment.RECONCILE_HOST_POLICY;
  const remote = { urls: [proxy.url('config.git')], timeout: '5s' };
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), remote }));
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  scene.rig.git('commit', '--quiet', '--amend', '-m', 'rewritten');
  scene.rig.git('push', '--quiet', '--force', 'origin', 'HEAD:main');
  agent.kill('SIGUSR1');
  await scene.gitea.until(() => scene.gitea.issues.some(({ title }) => title === 'box refuses a revision'));
  agent.kill('SIGTERM');
  await agent.ended;

  proxy.fault = { type: 'hang' };
  await using again = scene.start();
  await again.line(({ message }) => message.includes('did not finish within 5s'));
  again.kill('SIGTERM');
  await again.ended;

  expect(scene.gitea.issues).toMatchObject([{ state: 'open' }]);
  expect(scene.gitea.comments).toEqual([]);
  expect(chat.received.map(({ body }) => (JSON.parse(body) as { text: string }).text.split('\n')[0])).toEqual([
    expect.stringContaining('REFUSED'),
    expect.stringContaining('FETCH fails'),
  ]);
});
