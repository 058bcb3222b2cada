import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

it.each<[string, (file: string) => void]>([
  ['moved away', (file) => renameSync(file, `${file}.bad`)],
  [
    'replaced by a backup',
    (file) => {
      copyFileSync(file, `${file}.backup`);
      renameSync(`${file}.backup`, file);
    },
  ],
])('an agent whose memory is %s ends when it finds out, to be started anew', async (_, replace) => {
  await using scene = await openScene();
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  replace(join(scene.state, 'agent.db'));
  rmSync(join(scene.state, 'agent.db-journal'), { force: true });
  const second = scene.push('two');
  agent.kill('SIGUSR1');
  await agent.line(({ message }) => message.startsWith('its memory was taken from it'));
  expect(await agent.ended).toBe(0);

  await using next = scene.start();
  expect(await next.line(({ outcome }) => outcome !== undefined)).toMatchObject({ outcome: 'converged', commit: second });
});
