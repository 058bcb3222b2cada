import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { openSdNotify } from '../../src/agent/sd-notify.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const isPossible = ['systemd-notify', 'python3'].every((name) => spawnSync(name, ['--version']).status === 0);

/** What a service manager would get at a socket, message by message. Node has no datagram sockets, so Python listens. */
async function openManager(path: string) {
  const script = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('bound', flush=True)
while True: print(repr(s.recv(65536).decode()), flush=True)`;
  const child = spawn('python3', ['-c', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  expect(await next()).toBe('bound');
  return {
    /** The next message; those that only ask the manager to have read the others are left out. */
    async message(): Promise<string> {
      const line = await next();
      return line.includes('BARRIER=1') ? this.message() : line.slice(1, -1);
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

describe.skipIf(!isPossible)('the service manager is told', () => {
  it('that the agent is up, alive, what it does and that it ends', async () => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'notify');
    using manager = await openManager(socket);
    const notify = openSdNotify({ NOTIFY_SOCKET: socket });
    const messages: string[] = [];
    for (const tell of [notify.ready, notify.watchdog, () => notify.status('at 1a2b\nREADY=0'), notify.stopping]) {
      const told = tell();
      messages.push(await manager.message());
      await told;
    }

    expect(messages).toEqual(['READY=1', 'WATCHDOG=1', 'STATUS=at 1a2b\\\\nREADY=0', 'STOPPING=1']);
  });

  it('what it does with the next sign of life, where those are due', async () => {
    using directory = temporaryDirectory();
    const socket = join(directory.path, 'notify');
    using manager = await openManager(socket);
    const notify = openSdNotify({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '120000000' });
    await notify.status('one');
    await notify.status('two');
    const messages: string[] = [];
    for (const tell of [notify.watchdog, notify.watchdog]) {
      const told = tell();
      messages.push(await manager.message());
      await told;
    }

    expect(messages).toEqual(['WATCHDOG=1\\nSTATUS=two', 'WATCHDOG=1']);
  });

  it('nothing when its socket is gone, and the agent goes on', async () => {
    await expect(openSdNotify({ NOTIFY_SOCKET: '/nonexistent/notify' }).ready()).resolves.toBeUndefined();
  });
});

describe('without a service manager', () => {
  it('nothing is told and no sign of life is due', async () => {
    const notify = openSdNotify({});
    await expect(notify.ready()).resolves.toBeUndefined();
    expect(notify.watchdogInterval).toBeUndefined();
  });
});

describe('a sign of life is due', () => {
  it.each([
    [{ WATCHDOG_USEC: '120000000' }, 60_000],
    [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: String(process.pid) }, 60_000],
    [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: '1' }, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: 'soon' }, undefined],
  ])('with %j every %s ms', (env, expected) => {
    expect(openSdNotify(env).watchdogInterval).toBe(expected);
  });
});
