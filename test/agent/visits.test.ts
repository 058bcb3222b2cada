import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callAgent } from '../../src/agent/control-client.ts';
import type { AgentStatus } from '../../src/model/agent.ts';
import { controlSocket } from '../../src/state/state-directory.ts';
import { openVisitRig, type VisitRig } from '../operations/visit-rig.ts';
import { startAgentProcess, type AgentProcess } from '../support/agent-process.ts';

vi.setConfig({ testTimeout: 60_000 });

let host: VisitRig;
beforeEach(() => {
  host = openVisitRig();
  host.policy({ agent: { interval: '1h' } });
});
afterEach(() => host[Symbol.dispose]());

const never = new AbortController().signal;
const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> =>
  (await callAgent(controlSocket(host.state), { method, path, ...(body && { body }) }, never))!.body;
const status = async (): Promise<AgentStatus> => (await ask('GET', '/api/v1/status')) as AgentStatus;
/** An agent whose first pass is over. */
const start = async (): Promise<AgentProcess> => {
  const agent = startAgentProcess([], host.environment);
  await agent.line(({ message }) => message.startsWith('following '));
  await ask('POST', '/now', { wait: true });
  return agent;
};
const applied = ({ message }: { readonly message: string }): boolean => message.startsWith('Applied and verified');

describe('an agent without a remote', () => {
  it('waits for the first push, and keeps up what was pushed, also when it is started again', async () => {
    await using agent = await start();
    const before = await status();
    const one = host.commit('one');

    const pushed = await host.visit('converge', one);
    const after = await status();

    expect(before.fetch).toMatchObject({ ok: true, remote: null, message: 'it waits for the first `reconcile fleet push`' });
    expect(pushed).toMatchObject({ exit: 0, greeting: { host: 'box', status: { phase: 'idle' } }, last: { type: 'finished' } });
    expect(after).toMatchObject({
      revision: { applied: one, seen: one, branch: 'main' },
      last: { outcome: 'converged' },
      phase: 'idle',
    });
    expect(after.fetch?.message).toBe('what was pushed is kept up');

    const healed = agent.next(applied);
    writeFileSync(join(host.base, 'motd'), 'edited');
    await healed;
    expect(host.motd()).toBe('one');

    agent.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
    writeFileSync(join(host.base, 'motd'), 'edited while it was down');
    await using again = await start();
    expect(again.lines.some(applied)).toBe(true);
    expect(host.motd()).toBe('one');
  });

  it('converges and checks as a host without an agent does, and refuses as it does', async () => {
    await using agent = await start();
    const one = host.commit('one');

    expect(await host.visit('check', one)).toMatchObject({
      exit: 2,
      last: { report: { action: 'check', counts: { create: 1 } } },
    });
    expect((await status()).revision.applied).toBeNull();
    expect(await host.visit('converge', one)).toMatchObject({ exit: 0 });
    expect(await host.visit('converge', one)).toMatchObject({ exit: 0, last: { report: { writes: 0 } } });
    expect(await host.visit('converge', one, { order: { host: 'ezra' } })).toMatchObject({
      exit: 7,
      last: { type: 'declined', message: 'this machine is box, not ezra' },
    });
    host.git('checkout', '--quiet', '--orphan', 'elsewhere');
    expect(await host.visit('converge', host.commit('forged'))).toMatchObject({ exit: 7, last: { type: 'declined' } });
    expect(agent.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('was declined') as string }),
    );
    expect(await status()).toMatchObject({ revision: { applied: one }, last: { outcome: 'converged' } });
  });

  it('that is suspended takes nothing, and follows nothing of it later', async () => {
    await using _agent = await start();
    await host.visit('converge', host.commit('one'));
    await ask('POST', '/suspend', { for: '1h', reason: 'disk', by: 'ada' });

    const told = await host.visit('converge', host.commit('two'));
    await ask('POST', '/resume');
    await ask('POST', '/now', { wait: true });

    expect(told).toMatchObject({ exit: 5, last: { report: { outcome: 'busy' } } });
    expect(host.motd()).toBe('one');
  });

  it('does not apply what its operator was told was not applied', async () => {
    await using _agent = await start();
    const one = host.commit('one');
    await host.visit('converge', one);

    const told = await host.visit('converge', host.commit('two'), { order: { planDigest: 'sha256:stale' } });
    await ask('POST', '/now', { wait: true });

    expect(told).toMatchObject({ exit: 7 });
    expect(host.motd()).toBe('one');
    expect((await status()).revision.applied).toBe(one);
  });

  it('looks at a revision beside the run that is at work, and takes one after it', async () => {
    await using _agent = await start();
    const gate = join(host.base, 'gate');
    execFileSync('mkfifo', [gate]);
    const one = host.commit(
      'one',
      `- { kind: command, name: waits, argv: [/bin/sh, -c, 'read line < "{{ base }}/gate"; touch "{{ base }}/made"'], creates: "{{ base }}/made" }`,
    );
    const isApplying = Promise.withResolvers<void>();
    const first = host.visit('converge', one, { onLine: ({ type }) => void (type === 'applying' && isApplying.resolve()) });
    await isApplying.promise;
    const two = host.commit('two');

    const looked = await host.visit('check', two);
    const second = host.visit('converge', two);
    expect((await status()).phase).toBe('running');
    writeFileSync(gate, 'go\n');

    expect(looked).toMatchObject({ last: { type: 'finished', report: { action: 'check' } } });
    expect((await first).exit).toBe(0);
    expect(await second).toMatchObject({ exit: 0, last: { report: { revision: { commit: two } } } });
    expect(host.motd()).toBe('two');
  });

  it('that is killed in the middle of a push is whole after the next one', async () => {
    const agent = await start();
    await host.visit('converge', host.commit('one'));
    const two = host.commit('two', '- { kind: directory, path: "{{ base }}/more" }');

    const cut = await host.visit('converge', two, { onLine: ({ type }) => void (type === 'applying' && agent.kill('SIGKILL')) });
    await agent.ended;
    await using _again = await start();
    expect(['one', 'two']).toContain(host.motd());
    const next = await host.visit('converge', two);

    expect(cut).toMatchObject({ exit: 1, stderr: expect.stringContaining('ended before it') as string });
    expect(next).toMatchObject({ exit: 0 });
    expect(host.motd()).toBe('two');
  });
});

describe('an agent whose remote is behind what was pushed', () => {
  it('keeps what was pushed, and says so', async () => {
    const remote = join(host.path, 'config.git');
    host.policy({ agent: { interval: '1h' }, remote: { urls: [remote] } });
    const one = host.commit('one');
    host.git('push', '--quiet', 'origin', 'HEAD:main');
    await using agent = await start();
    const two = host.commit('two');

    expect(await host.visit('converge', two)).toMatchObject({ exit: 0 });
    await ask('POST', '/now', { wait: true });

    expect(host.motd()).toBe('two');
    const { fetch, revision } = await status();
    expect(fetch).toMatchObject({
      ok: false,
      state: 'behind',
      message: expect.stringContaining(`main at ${one.slice(0, 12)} is older than ${two.slice(0, 12)}`) as string,
    });
    expect(revision.applied).toBe(two);

    host.git('push', '--quiet', 'origin', 'HEAD:main');
    await ask('POST', '/now', { wait: true });
    expect((await status()).fetch).toMatchObject({ ok: true, remote });
    expect(agent.lines.filter(applied)).toHaveLength(2);
    expect(readFileSync(join(host.base, 'motd'), 'utf8')).toBe('two\n');
  });
});

describe('an agent whose remote hangs', () => {
  it('takes a push meanwhile, and another one, and goes on to look', async () => {
    const asked: Socket[] = [];
    const remote = createServer((socket) => void asked.push(socket.on('error', () => {}))).listen(0, '127.0.0.1');
    await once(remote, 'listening');
    const { port } = remote.address() as AddressInfo;
    const urls = [`http://127.0.0.1:${port}/config.git`];
    host.policy({ agent: { interval: '1h' }, remote: { urls, timeout: '10m' } });
    try {
      await using agent = startAgentProcess([], host.environment);
      await once(remote, 'connection');
      const one = host.commit('one');

      expect(await host.visit('converge', one)).toMatchObject({ exit: 0, greeting: { status: { phase: 'fetching' } } });
      while (asked.length < 2) await once(remote, 'connection');
      expect(await status()).toMatchObject({ phase: 'fetching', revision: { applied: one } });
      const two = host.commit('two');
      expect(await host.visit('converge', two)).toMatchObject({ exit: 0 });

      expect(host.motd()).toBe('two');
      expect(agent.lines.filter(({ level }) => level !== 'info')).toEqual([]);
      while (asked.length < 3) await once(remote, 'connection');
      const healed = agent.next(applied);
      writeFileSync(join(host.base, 'motd'), 'edited');
      await healed;
      expect(host.motd()).toBe('two');
    } finally {
      remote.close();
      for (const socket of asked) socket.destroy();
    }
  });
});
