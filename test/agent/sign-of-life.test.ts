import { expect, it, vi } from 'vitest';
import { probeEngine } from '../../src/deadman/probe-engine.ts';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

it('each look of the agent at its host is a new sign of life for the watchdog, and an agent that is gone gives none', async () => {
  await using scene = await openScene();
  scene.push('one');
  expect(await probeEngine(scene.state)).toBeUndefined();
  await using agent = scene.start();
  await agent.line((line) => line.outcome === 'converged');
  const first = await probeEngine(scene.state);
  expect(first).toEqual(expect.any(String));
  expect(await probeEngine(scene.state)).toBe(first);

  const commit = scene.push('two');
  const done = agent.next((line) => line.commit === commit && line.outcome === 'converged');
  await scene.deliver(commit);
  await done;
  expect(await probeEngine(scene.state)).not.toBe(first);

  agent.kill('SIGKILL');
  await agent.ended;
  expect(await probeEngine(scene.state)).toBeUndefined();
});
