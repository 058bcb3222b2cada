import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { tendMemory } from '../../src/agent/tend-memory.ts';
import type { AgentEvent } from '../../src/model/agent.ts';
import { openScene } from '../support/agent-scene.ts';

vi.setConfig({ testTimeout: 60_000 });

const finished = (writes: number): AgentEvent =>
  ({ type: 'finished', run: 'r', report: { writes, outcome: 'converged' } }) as unknown as AgentEvent;
const phase = (name: string): AgentEvent => ({ type: 'status', status: { phase: name } }) as unknown as AgentEvent;

it('what a run has used is collected when the agent is idle again', async () => {
  const tell = tendMemory();
  tell(phase('idle'));
  await setImmediate();
  tell(phase('running'));
  const used = new WeakRef({ bytes: Buffer.alloc(16 * 1024 * 1024, 1) });
  tell(finished(1));
  tell(phase('idle'));

  await setImmediate();
  await setImmediate();

  expect(used.deref()).toBeUndefined();
});

it('the agent begins anew with the settings of a small process, as the same process, and converges', async () => {
  await using scene = await openScene();
  const commit = scene.push('one');
  await using agent = scene.start();

  await agent.line((line) => line.commit === commit && line.outcome === 'converged');

  const argv = readFileSync(`/proc/${agent.pid}/cmdline`, 'utf8').split('\0');
  expect(argv).toContain('--no-opt');
  expect(argv.filter((each) => each.startsWith('--max-semi-space-size'))).toHaveLength(1);
  expect(agent.lines.filter(({ message }) => /following|warning/i.test(message))).toHaveLength(1);
  agent.kill('SIGTERM');
  expect(await agent.ended).toBe(0);
});
