import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askStatus } from '../../src/fleet/ask-status.ts';
import type { Finding } from '../../src/model/fleet.ts';
import { controlSocket } from '../../src/state/state-directory.ts';
import { openVisitRig, type VisitRig } from '../operations/visit-rig.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { localConnection } from '../support/local-connection.ts';
import { program } from '../support/run-cli.ts';

vi.setConfig({ testTimeout: 60_000 });

let host: VisitRig;
beforeEach(() => {
  host = openVisitRig();
  host.policy({ agent: { interval: '1h' } });
});
afterEach(() => host[Symbol.dispose]());

/** `socket`: of the agent, for an account that may open it. */
const ask = (socket?: string): Promise<Finding> =>
  askStatus(
    localConnection('box', {
      program: [process.execPath, program],
      env: host.environment,
      ...(socket !== undefined && { socket }),
    }),
  );

describe('the status of a host', () => {
  it('is that of its agent, also for an account that asks with the rights of another', async () => {
    await using agent = startAgentProcess([], host.environment);
    await agent.line(({ message }) => message.startsWith('following '));
    const one = host.commit('one');
    await host.visit('converge', one);

    const told = await ask();
    expect(told).toMatchObject({ verdict: 'converged', status: { revision: { applied: one } } });
    expect(await ask(controlSocket(host.state))).toMatchObject({ status: { revision: { applied: one } } });

    agent.kill('SIGTERM');
    await agent.ended;
    const left = await ask();
    expect(left).toMatchObject({ message: expect.stringMatching(/^no agent runs there; the last run: /) as string });
    expect(left.report?.revision.commit).toBe(one);
    expect(left.status).toBeUndefined();
  });

  it('says where nothing was ever applied', async () => {
    expect(await ask()).toEqual({ verdict: 'upstreamPending', message: 'no agent runs there, and nothing was ever applied' });
  });
});
