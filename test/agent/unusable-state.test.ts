import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { AgentStatus } from '../../src/model/agent.ts';
import type { AgentProcess, LogLine } from '../support/agent-process.ts';
import { openScene } from '../support/agent-scene.ts';
import { runCli } from '../support/run-cli.ts';

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

it('an agent whose state stays damaged answers, says what to do, and is suspended and resumed as ever', async () => {
  await using scene = await openScene();
  const { agent: policy } = JSON.parse(readFileSync(scene.environment.RECONCILE_HOST_POLICY, 'utf8')) as {
    agent: { listen: { port: number } };
  };
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${policy.listen.port}${path}`);
  const cli = (...args: readonly string[]) => runCli(args, { env: scene.environment });
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  writeFileSync(join(scene.state, 'unconfirmed.json'), '{"run":');
  const hint = 'reconcile rollback RUN';

  const { exit, stderr } = await scene.now();
  expect([exit, stderr]).toEqual([1, expect.stringContaining(hint)]);
  expect(agent.lines.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining(hint) as string });
  expect(cli('status').stdout).toContain(hint);
  expect((await ask('/readyz')).status).toBe(503);
  expect(await (await ask('/metrics')).text()).toMatch(/^reconcile_last_success_timestamp_seconds [1-9]/m);
  const suspended = cli('suspend', '--for', '1h', '--reason', 'repair');
  expect([suspended.exit, suspended.stderr]).toEqual([0, '']);
  expect(JSON.parse(cli('status', '-o', 'json').stdout)).toMatchObject({ suspended: { reason: 'repair' } });
  expect(cli('resume').exit).toBe(0);
  expect((JSON.parse(cli('status', '-o', 'json').stdout) as AgentStatus).suspended).toBeNull();

  agent.kill('SIGTERM');
  expect(await agent.ended).toBe(0);
});

it('people are told of a state that cannot be used, not of one failed pass, and of its end, over a restart', async () => {
  await using scene = await openScene();
  const { gitea } = scene;
  const file = join(scene.state, 'lock.db');
  scene.push('one');
  const agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  rmSync(file);
  mkdirSync(file);
  scene.edit('by hand\n');
  const isSaid = ({ message }: LogLine): boolean => message.includes('lock.db is not a file');
  await agent.line(isSaid);
  expect(gitea.issues).toEqual([]);

  await vi.waitFor(() => expect(gitea.issues).toHaveLength(1), { timeout: 20_000, interval: 100 });
  expect(gitea.issues[0]).toMatchObject({ title: 'box can neither apply nor repair anything', state: 'open' });
  expect(gitea.issues[0]?.body).toContain('move away what stands there');
  agent.kill('SIGTERM');
  await agent.ended;
  await using next = scene.start();
  await next.line(isSaid);
  await next.next(isSaid);
  const looked = next.next(({ outcome }) => outcome === 'driftOnly');
  runCli(['suspend', '--for', '1h', '--reason', 'repair'], { env: scene.environment });
  await looked;
  const { stdout } = runCli(['status', '-o', 'json'], { env: scene.environment });
  expect((JSON.parse(stdout) as AgentStatus).stalled).toContain('2 passes in a row could not be made');
  expect([gitea.issues[0]?.state, gitea.comments]).toEqual(['open', []]);

  rmSync(file, { recursive: true });
  runCli(['resume'], { env: scene.environment });
  // The comment comes after that.
  await vi.waitFor(() => expect(gitea.comments).toHaveLength(1), { timeout: 20_000, interval: 100 });
  expect(gitea.issues[0]?.state).toBe('closed');
  expect(scene.motd()).toBe('one\n');
  expect(gitea.comments[0]?.body).toContain('It is over. Run');
});

it('people are told of a state that is damaged while the host is converged, and who waits for a pass hears of it', async () => {
  await using scene = await openScene();
  scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  writeFileSync(join(scene.state, 'state.db'), 'damaged '.repeat(1_000));

  const { exit, stderr } = await scene.now();
  expect([exit, stderr]).toEqual([1, expect.stringContaining('restore it from a backup')]);

  await scene.now();
  await scene.gitea.until(() => scene.gitea.issues.length > 0);
  expect(scene.gitea.issues[0]).toMatchObject({ title: 'box can neither apply nor repair anything', state: 'open' });
});

it('an agent that starts with a damaged memory applies nothing, says so everywhere, and ends when it can be used, to be started anew', async () => {
  await using scene = await openScene();
  const { agent: policy } = JSON.parse(readFileSync(scene.environment.RECONCILE_HOST_POLICY, 'utf8')) as {
    agent: { listen: { port: number } };
  };
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${policy.listen.port}${path}`);
  const { gitea } = scene;
  scene.push('one');
  mkdirSync(scene.state, { recursive: true, mode: 0o700 });
  const file = join(scene.state, 'agent.db');
  writeFileSync(file, 'no database, and more than a header of one\n'.repeat(50), { mode: 0o600 });
  await using agent = scene.start();
  await agent.line(({ message }) => message.includes('agent.db cannot be used'));
  const { stderr } = await scene.now();

  expect(stderr).toContain('move it away');
  await vi.waitFor(() => expect(gitea.issues).toHaveLength(1), { timeout: 20_000, interval: 100 });
  expect(gitea.issues[0]).toMatchObject({ title: 'box can neither apply nor repair anything', state: 'open' });
  expect(gitea.issues[0]?.body).toContain('move it away');
  expect((await ask('/readyz')).status).toBe(503);
  expect((await ask('/metrics')).status).toBe(200);
  const { stdout } = runCli(['status'], { env: scene.environment });
  expect(stdout).toContain('agent.db cannot be used');
  expect(existsSync(join(scene.state, 'state.db'))).toBe(false);

  rmSync(file);
  agent.kill('SIGUSR1');
  expect(await agent.ended).toBe(0);
  await using next = scene.start();
  await next.line(({ outcome }) => outcome === 'converged');
  await vi.waitFor(() => expect(gitea.issues[0]?.state).toBe('closed'), { timeout: 20_000, interval: 100 });
});
