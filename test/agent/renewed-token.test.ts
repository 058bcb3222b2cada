import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

it('a token that was renewed in its file is used without a restart, and one that has gone is told of', async () => {
  await using scene = await openScene();
  const policy = readFileSync(scene.environment.RECONCILE_HOST_POLICY, 'utf8');
  const { token_file: file } = (JSON.parse(policy) as { gitea: { token_file: string } }).gitea;
  const renew = (text: string): void => writeFileSync(file, text, { mode: 0o600 });
  renew('a-token-that-has-expired');
  const one = scene.push('one');
  await using agent = scene.start();
  await agent.line(({ message }) => message.includes('the token is not valid: make a new one and put it where the old one is'));

  renew(scene.gitea.token);
  await scene.now();
  await scene.gitea.until(() => scene.statusOf(one).includes('success'));

  rmSync(file);
  const two = scene.push('two');
  await scene.now();
  await agent.line(({ message }) => message.includes('token does not exist; write it, or correct gitea.token_file'));
  renew(scene.gitea.token);
  await scene.now();
  await scene.gitea.until(() => scene.statusOf(two).includes('success'));
});

it.each(['SIGHUP', 'SIGQUIT'] as const)('%s ends an agent in order, for whoever started it to start it anew', async (signal) => {
  await using scene = await openScene();
  await using agent = scene.start();
  await agent.line(({ message }) => message.startsWith('following '));

  // Means nothing here.
  agent.kill('SIGUSR2');
  agent.kill(signal);

  await agent.line(({ message }) => message === 'stopping');
  expect(await agent.ended).toBe(0);
});
