import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2, { type ServerChannel } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/fleet/connection.ts';
import { openOperator, rejection } from '../../support/ssh-operator.ts';
import { findSession, makeSshKey, startSshServer, whyNoSsh } from '../../support/ssh-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const never = new AbortController().signal;

/** A server of SSH that does with a channel what it likes, for commands and for sockets. */
async function startHostile(directory: string, act: (channel: ServerChannel) => void) {
  const server = new ssh2.Server({ hostKeys: [readFileSync(join(directory, 'host'))] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (attempt) => attempt.accept());
    client.on('session', (accept) => accept().on('exec', (take) => act(take())));
    client.on('openssh.streamlocal' as never, (accept: () => ServerChannel) => act(accept()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe.skipIf(whyNoSsh !== undefined)(`a hostile host${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  const directory = temporaryDirectory();
  let publicKey: string;
  beforeAll(() => {
    makeSshKey(directory.path, 'host');
    makeSshKey(directory.path, 'client');
    publicKey = execFileSync('ssh-keygen', ['-y', '-f', join(directory.path, 'host')], { encoding: 'utf8' }).trim();
  });
  afterAll(() => directory[Symbol.dispose]());

  async function visit(act: (channel: ServerChannel) => void, use: (connection: Connection) => Promise<void>): Promise<void> {
    const { server, port } = await startHostile(directory.path, act);
    try {
      await using operator = await openOperator({ knownHosts: `[127.0.0.1]:${port} ${publicKey}\n` });
      const identity = join(directory.path, 'client');
      const target = { name: 'web1', address: '127.0.0.1', port, user: 'root', identity, sshOptions: [], become: false };
      await using connection = await operator.connect(target, never);
      await use(connection);
    } finally {
      server.close();
    }
  }

  it('one that sends more than it was told to is cut off, not kept in memory', async () => {
    let sent = 0;
    const flood = (channel: ServerChannel): void => {
      const unbounded = channel as unknown as { outgoing: { window: number } };
      const more = (): void => {
        unbounded.outgoing.window = 1_000_000_000;
        sent += 30_000;
        if (channel.writable && sent < 500_000_000) channel.write(Buffer.alloc(30_000), () => setImmediate(more));
      };
      more();
    };
    await visit(flood, async (connection) => {
      // Nobody reads it.
      const { ended } = await connection.start(['true']);

      expect(await rejection(ended)).toMatchObject({ absence: 'garbled', message: 'web1 sends more than it was told to' });
      expect(connection.gone.aborted).toBe(true);
    });
    expect(sent).toBeLessThan(100_000_000);
  });

  it('one that ends a program without an exit code gives none', async () => {
    await visit(
      (channel) => channel.close(),
      async (connection) => expect(await connection.run(['true'])).toEqual({ exitCode: null, stdout: '', stderr: '' }),
    );
  });

  it('one that takes a command and never answers is given up in time', async () => {
    await visit(
      () => {},
      async (connection) =>
        expect(await rejection(connection.run(['true'], { timeout: 200 }))).toMatchObject({ absence: 'slow' }),
    );
  });

  it('bytes that are no text are no error', async () => {
    await visit(
      (channel) => {
        channel.write(Buffer.from([0xff, 0xfe, 0, 0x41]));
        channel.exit(0);
        channel.end();
      },
      async (connection) => expect((await connection.run(['true'])).stdout).toBe('\ufffd\ufffd\0A'),
    );
  });

  it('one that stops answering is noticed by its silence', async () => {
    await using server = await startSshServer();
    await using operator = await openOperator({
      knownHosts: server.knownHosts,
      config: ['ServerAliveInterval 1', 'ServerAliveCountMax 1'],
    });
    const connection = await operator.connect(server.target(), never);
    const pid = Number((await connection.run(['sh', '-c', `${findSession}; echo $session`])).stdout);
    process.kill(pid, 'SIGSTOP');
    const lost = await rejection(connection.run(['true']));
    process.kill(pid, 'SIGKILL');

    expect(lost).toMatchObject({ absence: 'unreachable', isPassing: true, message: 'web1 does not answer any more' });
  });
});
