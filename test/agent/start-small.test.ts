import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openScene } from '../support/agent-scene.ts';

it('SIGUSR1 opens no debugger to those who ask for one, however early it comes', { timeout: 60_000 }, async () => {
  await using scene = await openScene();
  scene.push('one');
  const found: number[] = [];
  for (const wait of [20, 60, 120, 200, 400]) {
    await using agent = scene.start();
    await sleep(wait);
    agent.kill('SIGUSR1');
    const isUp = agent.line(({ message }) => message.startsWith('following')).then(() => true);
    // So early that not even Node takes it, the signal ends the process.
    if (!(await isUp.catch(() => false))) continue;
    const { status } = await fetch('http://127.0.0.1:9229/json/list').catch(() => ({ status: 0 }));
    found.push(status);
  }

  expect(found.length).toBeGreaterThan(0);
  expect(found).not.toContain(200);
});
