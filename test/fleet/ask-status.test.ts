import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askStatus } from '../../src/fleet/ask-status.ts';
import type { Finding } from '../../src/model/fleet.ts';
import { controlSocket } from '../../src/state/state-directory.ts';
import { openVisitRig, type VisitRig } from '../operations/visit-rig.ts';
import { startAgentProcess } from '../support/agent-process.ts';
import { canBeNobody, programAsNobody } from '../support/as-nobody.ts';
import { localConnection } from '../support/local-connection.ts';
import { program, runCli } from '../support/run-cli.ts';

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
  it.skipIf(!canBeNobody())('is not told to an account that may not see what root applied', async () => {
    const asked = askStatus(localConnection('box', { program: programAsNobody, env: { HOME: '/nonexistent' } }));

    await expect(asked).rejects.toMatchObject({
      absence: 'denied',
      message: 'it was asked as an account that is not root, and root has a state there',
      hint: 'set ansible_become: true for it, or connect as root',
    });
  });

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
    expect(left).toMatchObject({
      message: expect.stringMatching(/^no agent runs there; the last run: /) as string,
      status: { phase: 'absent', startedAt: null, revision: { applied: one }, lastSuccess: told.status?.lastSuccess },
    });
  });

  it('is what its state says where no agent runs', async () => {
    const one = host.commit('one');
    await host.visit('converge', one);
    const failing = host.commit('two', '- { kind: command, name: fails, argv: ["/bin/false"], creates: "{{ base }}/never" }');
    await host.visit('converge', failing);
    const failed = await ask();
    runCli(['suspend', '--for', '1h', '--reason', 'disk'], { env: host.environment });
    const suspended = await ask();

    expect(failed).toMatchObject({
      verdict: 'rolledBack',
      status: { phase: 'absent', revision: { applied: one, branch: 'main' } },
    });
    expect(failed.message).toMatch(/^no agent runs there; the last run: command\[fails\] failed/);
    expect(Date.parse(failed.status?.lastSuccess ?? '')).toBeGreaterThan(Date.now() - 600_000);
    expect(suspended).toMatchObject({ verdict: 'busy', status: { suspended: { reason: 'disk' } } });
  });

  it('is converged again once a revision after the one that failed has nothing to do', async () => {
    const one = host.commit('one');
    await host.visit('converge', one);
    await host.visit(
      'converge',
      host.commit('two', '- { kind: command, name: fails, argv: ["/bin/false"], creates: "{{ base }}/never" }'),
    );
    const reverted = host.commit('one', '# reverted');
    const before = new Date().toISOString();
    await host.visit('converge', reverted);
    const { verdict, status } = await ask();

    expect({ verdict, applied: status?.revision.applied }).toEqual({ verdict: 'converged', applied: reverted });
    expect(status!.lastSuccess! >= before).toBe(true);
  });

  it('is the revision before where a person has taken the last one back', async () => {
    const one = host.commit('one');
    await host.visit('converge', one);
    await host.visit('converge', host.commit('two'));
    runCli(['rollback'], { env: host.environment });

    expect((await ask()).status?.revision.applied).toBe(one);
  });

  it('says where nothing was ever applied', async () => {
    expect(await ask()).toMatchObject({
      verdict: 'upstreamPending',
      message: 'no agent runs there, and nothing was ever applied',
      status: { host: 'box', lastSuccess: null },
    });
  });
});
