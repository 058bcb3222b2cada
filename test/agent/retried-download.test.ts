import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { callAgent } from '../../src/agent/control-client.ts';
import type { AgentStatus } from '../../src/model/agent.ts';
import { controlSocket } from '../../src/state/state-directory.ts';
import { openScene } from '../support/agent-scene.ts';
import { openReceiver } from '../notify/notify-rig.ts';
import { openFileServer, sha256Of } from '../support/file-server.ts';
import { mountSmall } from '../support/mount-small.ts';

vi.setConfig({ testTimeout: 60_000 });

const program = 'a program\n';
const wanted = (url: string, sha256 = sha256Of(program)): string =>
  `- { kind: download, path: "{{ base }}/app", url: "${url}", sha256: ${sha256} }\n`;

it('a server that is out of order is asked again, until the same revision is applied', async () => {
  await using scene = await openScene();
  await using server = await openFileServer();
  let isDown = true;
  server.serve('/app', (_request, response) => (isDown ? response.writeHead(503).end() : response.end(program)));
  const commit = scene.push('one', wanted(`${server.url}/app`));
  await using agent = scene.start();

  const failed = await agent.line((line) => line.outcome !== undefined);
  expect(failed).toMatchObject({ outcome: 'rolledBack', commit });
  expect(existsSync(join(scene.base, 'motd'))).toBe(false);
  isDown = false;
  const applied = await agent.next((line) => line.outcome === 'converged');

  expect(applied.commit).toBe(commit);
  expect(readFileSync(join(scene.base, 'app'), 'utf8')).toBe(program);
});

it('a revision for which there is no room is told once, and applied when there is', async ({ skip }) => {
  using disk = mountSmall('size=64k', skip);
  await using scene = await openScene();
  writeFileSync(join(disk.path, 'ballast'), 'b'.repeat(40_000));
  const resource = `- { kind: file, path: ${disk.path}/large, content: "${'l'.repeat(40_000)}" }\n`;
  const commit = scene.push('one', resource);
  await using agent = scene.start();

  const failed = await agent.line((line) => line.outcome !== undefined);
  expect(failed).toMatchObject({ outcome: 'rolledBack', commit });
  rmSync(join(disk.path, 'ballast'));
  await agent.next((line) => line.outcome === 'converged' && line.commit === commit);

  expect(statSync(join(disk.path, 'large')).size).toBe(40_000);
  await vi.waitFor(() => expect(scene.statusOf(commit)).toEqual(['pending', 'failure', 'success']), 10_000);
});

it('a plan that a person let through is still let through when it is tried again', async () => {
  await using scene = await openScene();
  await using server = await openFileServer();
  let isDown = true;
  server.serve('/app', (_request, response) => (isDown ? response.writeHead(503).end() : response.end(program)));
  scene.rig.commit({ 'desired-state/policy.yaml': `approval: { addresses: ["download[${scene.base}/app]"] }\n` });
  const commit = scene.push('one', wanted(`${server.url}/app`));
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'refused');
  await scene.now();

  const failed = agent.next(({ outcome }) => outcome === 'rolledBack');
  const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> =>
    (await callAgent(controlSocket(scene.state), { method, path, ...(body && { body }) }, new AbortController().signal))?.body;
  const { approval } = (await ask('GET', '/api/v1/status')) as AgentStatus;
  await ask('POST', '/approve', { run: approval!.run, by: 'ada' });
  await failed;
  isDown = false;

  expect(await agent.next(({ outcome }) => outcome !== undefined)).toMatchObject({ outcome: 'converged', commit });
});

it('the time of the next try stands, whatever moves on the host until then', async () => {
  await using scene = await openScene();
  await using server = await openFileServer();
  let isDown = true;
  server.serve('/app', (_request, response) => (isDown ? response.writeHead(503).end() : response.end(program)));
  const good = scene.push('one');
  await using agent = scene.start();
  await agent.line((line) => line.outcome === 'converged');
  const commit = scene.push('two', wanted(`${server.url}/app`));
  agent.kill('SIGUSR1');
  await agent.line((line) => line.commit === commit && line.outcome === 'rolledBack');

  const healed = agent.next((line) => line.commit === good && line.outcome === 'converged');
  scene.edit('by hand\n');
  await healed;
  isDown = false;

  expect(await agent.next((line) => line.outcome !== undefined)).toMatchObject({ outcome: 'converged', commit });
});

it('a file that holds something else is asked for once, and its revision stays in quarantine', async () => {
  await using scene = await openScene();
  await using server = await openFileServer();
  server.serve('/app', 'malware');
  const commit = scene.push('one', wanted(`${server.url}/app`));
  await using agent = scene.start();
  expect(await agent.line((line) => line.outcome !== undefined)).toMatchObject({ outcome: 'rolledBack', commit });

  const fixed = scene.push('two');
  const done = agent.next((line) => line.commit === fixed && line.outcome === 'converged');
  await scene.deliver(commit);
  await scene.deliver(fixed);
  await done;

  expect(server.asked).toEqual(['/app']);
});

it('a testing branch that failed and is taken away again leaves nothing that is tried again', async () => {
  using chat = await openReceiver();
  await using scene = await openScene({ notify: [{ type: 'webhook', url: chat.url, on: ['failure', 'recovery'] }] });
  const file = scene.environment.RECONCILE_HOST_POLICY;
  const policy = JSON.parse(readFileSync(file, 'utf8')) as { remote: object };
  writeFileSync(file, JSON.stringify({ ...policy, remote: { ...policy.remote, testing_branch: true } }));
  await using server = await openFileServer();
  server.serve('/app', (_request, response) => response.writeHead(503).end());
  const good = scene.push('one');
  await using agent = scene.start();
  await agent.line(({ outcome }) => outcome === 'converged');
  const commit = scene.commit('two', wanted(`${server.url}/app`));
  scene.rig.git('push', '--quiet', 'origin', 'HEAD:testing-box');
  agent.kill('SIGUSR1');
  await agent.line((line) => line.commit === commit && line.outcome === 'rolledBack');

  scene.rig.git('push', '--quiet', 'origin', ':testing-box');
  await scene.now();

  const { body } = (await callAgent(
    controlSocket(scene.state),
    { method: 'GET', path: '/api/v1/status' },
    AbortSignal.timeout(5_000),
  ))!;
  expect(body).toMatchObject({ revision: { applied: good, seen: good }, retry: null, stalled: null });
  agent.kill('SIGTERM');
  await agent.ended;
  expect(chat.received.map(({ body }) => / (FAILED|RECOVERED)/.exec(body)?.[1])).toEqual(['FAILED', 'RECOVERED']);
});
