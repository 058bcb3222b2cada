import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callAgent } from '../../../src/agent/control-client.ts';
import { openDoors } from '../../../src/agent/doors/open-doors.ts';
import { standIn } from '../../support/agent-port.ts';
import { agentPolicy, openRig } from '../../support/door-rig.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const log = { warn: () => undefined, error: () => undefined };
const never = new AbortController().signal;
const status = { method: 'GET', path: '/api/v1/status' } as const;

describe('the control socket', () => {
  it('is for its owner only, whatever the umask, and is gone after closing', async () => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'control.sock');
    const before = process.umask(0);
    const doors = await openDoors({ port: standIn(), plansPulls: false, policy: agentPolicy({}), socket, log });
    const umask = process.umask(before);

    const { mode } = statSync(socket);
    await doors.close();

    expect(mode & 0o777).toBe(0o600);
    expect(umask).toBe(0);
    expect(doors.address).toBeUndefined();
    expect(existsSync(socket)).toBe(false);
  });

  it('replaces the socket that a killed agent has left', async () => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'control.sock');
    const child = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(process.argv[1], () => console.log('up'))`,
      socket,
    ]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(statSync(socket).isSocket()).toBe(true);

    const doors = await openDoors({ port: standIn(), plansPulls: false, policy: agentPolicy({}), socket, log });
    const answer = await callAgent(socket, status, never);
    await doors.close();

    expect(answer).toMatchObject({ status: 200, body: { schema: 'reconcile.status/1' } });
  });

  it('is not taken from an agent that listens', async () => {
    await using rig = await openRig();

    const second = openDoors({ port: standIn(), plansPulls: false, policy: agentPolicy({}), socket: rig.socket, log });

    await expect(second).rejects.toThrow(`another agent listens at ${rig.socket}`);
    expect(await callAgent(rig.socket, status, never)).toMatchObject({ status: 200 });
  });

  it('does not replace what is no socket', async () => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'control.sock');
    writeFileSync(socket, 'precious');

    const opened = openDoors({ port: standIn(), plansPulls: false, policy: agentPolicy({}), socket, log });

    await expect(opened).rejects.toThrow('is there and is not a socket');
    expect(existsSync(socket)).toBe(true);
  });

  it('says when its path is too long for the system', async () => {
    using directory = temporaryDirectory();
    const long = join(directory.path, 'd'.repeat(100));
    mkdirSync(long);

    const opened = openDoors({
      port: standIn(),
      plansPulls: false,
      policy: agentPolicy({}),
      socket: join(long, 'control.sock'),
      log,
    });

    await expect(opened).rejects.toThrow('longer than 107 bytes');
  });
});

describe('the doors stay shut', () => {
  const faults: readonly (readonly [string, string, number, RegExp])[] = [
    ['a secret of 31 bytes', 's'.repeat(31), 0o600, /has 31 bytes; it needs at least 32/],
    ['an empty secret', '\n', 0o600, /has 0 bytes/],
    ['a secret that others can read', 's'.repeat(32), 0o640, /can be read by others/],
    ['a secret that is a whole file', 's'.repeat(70_000), 0o600, /not a small regular file/],
  ];
  const hook = (file: string) => ({ name: 'gitea', forge: 'gitea', secret_file: file, repositories: ['fleet/config'] });

  it.each(faults)('for %s', async (_title, text, mode, message) => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'secret');
    writeFileSync(file, text);
    chmodSync(file, mode);
    const socket = join(directory.path, 'control.sock');
    const start = (agent: object) => openDoors({ port: standIn(), plansPulls: false, policy: agentPolicy(agent), socket, log });

    await expect(start({ listen: { port: 0 }, hooks: [hook(file)] })).rejects.toThrow(message);
    await expect(start({ listen: { port: 0 }, hooks: [hook(file)] })).rejects.toMatchObject({
      exit: 64,
      hint: expect.any(String) as string,
    });
    await expect(start({ api_token_file: file })).rejects.toThrow(message);
    expect(existsSync(socket)).toBe(false);
  });

  it.skipIf(process.getuid?.() !== 0)('for a secret of another user (skipped unless root)', async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'secret');
    writeFileSync(file, 's'.repeat(32), { mode: 0o600 });
    chownSync(file, 4711, 4711);

    const opened = openDoors({
      port: standIn(),
      plansPulls: false,
      policy: agentPolicy({ api_token_file: file }),
      socket: join(directory.path, 'control.sock'),
      log,
    });

    await expect(opened).rejects.toThrow('belongs to another user');
  });

  it('for a secret that is not there', async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'secret');

    const opened = openDoors({
      port: standIn(),
      plansPulls: false,
      policy: agentPolicy({ listen: { port: 0 }, hooks: [hook(file)] }),
      socket: join(directory.path, 'control.sock'),
      log,
    });

    await expect(opened).rejects.toThrow(`the secret of the hook gitea ${file} does not exist`);
  });

  it.each([
    ['hooks that nobody can reach', { hooks: [hook('/nonexistent')] }, 'nothing to reach them at'],
    ['two hooks of one name', { listen: { port: 0 }, hooks: 2 }, 'two hooks of the host policy are called gitea'],
  ])('for %s', async (_title, agent, message) => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'secret');
    writeFileSync(file, 's'.repeat(32), { mode: 0o600 });
    const hooks = agent.hooks === 2 ? [hook(file), hook(file)] : agent.hooks;
    const socket = join(directory.path, 'control.sock');

    const opened = openDoors({ port: standIn(), plansPulls: false, policy: agentPolicy({ ...agent, hooks }), socket, log });

    await expect(opened).rejects.toThrow(message);
  });

  it('for a port that is taken, and leave nothing open', async () => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'control.sock');
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: number } = taken.address() as { port: number };
    const port = standIn();

    const opened = openDoors({ port, plansPulls: false, policy: agentPolicy({ listen: { port: number } }), socket, log });

    await expect(opened).rejects.toThrow(`HTTP cannot be served at 127.0.0.1, port ${number}: listen EADDRINUSE`);
    expect(existsSync(socket)).toBe(false);
    expect(port.listeners.size).toBe(0);
    taken.close();
  });
});
