import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { AgentProcess } from '../support/agent-process.ts';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

/** With a file of the state that cannot be read meanwhile. */
async function failOnePass(agent: AgentProcess, file: string): Promise<void> {
  writeFileSync(file, '{"run":');
  const said = agent.next(({ level, message }) => level === 'warn' && message.includes('unconfirmed.json'));
  agent.kill('SIGUSR1');
  await said;
  rmSync(file);
}

it('an agent whose state cannot be read for a while says so, goes on when it can, and ends when it is told to', async () => {
  await using scene = await openScene();
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  const file = join(scene.state, 'unconfirmed.json');

  await failOnePass(agent, file);
  const second = scene.push('two');

  expect(await agent.next(({ outcome }) => outcome !== undefined)).toMatchObject({ outcome: 'converged', commit: second });
  writeFileSync(file, '{"run":');
  agent.kill('SIGTERM');
  await agent.ended;
});

it('an agent that keeps up what was good last is ready again after an unexpected error, and tells what became of the newest', async () => {
  await using scene = await openScene();
  const { agent: policy } = JSON.parse(readFileSync(scene.environment.RECONCILE_HOST_POLICY, 'utf8')) as {
    agent: { listen: { port: number } };
  };
  const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${policy.listen.port}/readyz`)).status;
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  const bad = agent.next(({ outcome }) => outcome === 'rolledBack');
  await scene.deliver(scene.push('two', '- { kind: command, name: bad, argv: ["false"], unless: ["false"] }\n'));
  await bad;
  const file = join(scene.state, 'unconfirmed.json');

  await failOnePass(agent, file);

  await vi.waitFor(async () => expect(await ready()).toBe(200), { timeout: 20_000, interval: 200 });
  expect((await scene.now()).stderr).not.toContain('unconfirmed.json');
});
