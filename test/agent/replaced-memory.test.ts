import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { LogLine } from '../support/agent-process.ts';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

it.each<[string, (file: string) => void, (line: LogLine) => boolean]>([
  // What was accepted before must not look like nothing.
  [
    'moved away',
    (file) => renameSync(file, `${file}.bad`),
    ({ message }) => message.includes('which revisions this host trusts'),
  ],
  [
    'replaced by a backup',
    (file) => {
      copyFileSync(file, `${file}.backup`);
      renameSync(`${file}.backup`, file);
    },
    ({ outcome }) => outcome === 'converged',
  ],
])('an agent whose memory is %s ends when it finds out, to be started anew', async (_, replace, isStartedAnew) => {
  await using scene = await openScene();
  const first = scene.push('one');
  await using agent = scene.start();
  // Accepted by then, too.
  await scene.gitea.until(() => scene.statusOf(first).includes('success'));
  replace(join(scene.state, 'agent.db'));
  rmSync(join(scene.state, 'agent.db-journal'), { force: true });
  scene.push('two');
  agent.kill('SIGUSR1');
  await agent.line(({ message }) => message.startsWith('its memory was taken from it'));
  expect(await agent.ended).toBe(0);

  await using next = scene.start();
  await next.line(isStartedAnew);
});
