import { expect, it } from 'vitest';
import { openHookPace } from '../../src/agent/hook-pace.ts';
import { followWorkingTree } from '../../src/agent/follow-working-tree.ts';
import { startRig } from '../support/agent-rig.ts';

it('looks for hooks that find nothing new are made five times at once, and what finds something or asks otherwise does not wait', async () => {
  const pace = openHookPace(() => 1_000_000);
  const hook = new Set(['webhook'] as const);
  const isReady = (causes: Parameters<typeof pace.ask>[0]): Promise<boolean> =>
    pace
      .ask(causes)(AbortSignal.abort())
      .then(
        () => true,
        () => false,
      );

  for (let count = 0; count < 20; count++) {
    expect(await isReady(hook)).toBe(true);
    pace.found(hook);
  }
  for (let count = 0; count < 5; count++) expect(await isReady(hook)).toBe(true);
  expect(await isReady(hook)).toBe(false);
  expect(await isReady(new Set(['webhook', 'control']))).toBe(true);
});

it('an agent to which hooks come faster than that looks for the last of them, too, and ends while it waits', async () => {
  let looks = 0;
  await using agent = startRig('- { kind: file, path: /etc/motd, content: "right\\n" }', {}, {}, (path) => {
    const tree = followWorkingTree(path);
    return { ...tree, look: (signal) => (looks++, tree.look(signal)) };
  });
  await agent.port.ended(agent.port.trigger('control').run);
  const before = looks;
  for (let count = 0; count < 5; count++) await agent.port.ended(agent.port.trigger('webhook').run);
  expect(looks - before).toBe(5);

  const begun = performance.now();
  const last = agent.port.ended(agent.port.trigger('webhook').run);
  expect(await last).toMatchObject({ outcome: 'converged' });
  expect(performance.now() - begun).toBeGreaterThan(1_000);
  expect(looks - before).toBe(6);

  agent.port.trigger('webhook');
  await agent.stop();
  expect(looks - before).toBe(6);
});
