import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

it('an agent whose state cannot be read for a while says so, goes on when it can, and ends when it is told to', async () => {
  await using scene = await openScene();
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  const file = join(scene.state, 'unconfirmed.json');

  writeFileSync(file, '{"run":');
  const said = agent.next(({ level, message }) => level === 'warn' && message.includes('unconfirmed.json'));
  agent.kill('SIGUSR1');
  await said;
  rmSync(file);
  const second = scene.push('two');

  expect(await agent.next(({ outcome }) => outcome !== undefined)).toMatchObject({ outcome: 'converged', commit: second });
  writeFileSync(file, '{"run":');
  agent.kill('SIGTERM');
  await agent.ended;
});
