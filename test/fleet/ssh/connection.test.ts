import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/fleet/connection.ts';
import { dial } from '../../../src/fleet/ssh/dial.ts';
import { findKnownHost } from '../../../src/fleet/ssh/host-key.ts';
import { openKeyRing } from '../../../src/fleet/ssh/identities.ts';
import { indexKnownHosts, parseKnownHosts } from '../../../src/fleet/ssh/known-hosts.ts';
import { openClient } from '../../../src/fleet/ssh/open-client.ts';
import { openSettings } from '../../../src/fleet/ssh/settings.ts';
import { sshConnection } from '../../../src/fleet/ssh/ssh-connection.ts';
import { openSshPair, type SshPair } from '../../support/ssh-connection.ts';
import { openOperator, rejection } from '../../support/ssh-operator.ts';
import { findSession, startSshServer, whyNoSsh } from '../../support/ssh-server.ts';

const never = new AbortController().signal;

describe.skipIf(whyNoSsh !== undefined)(`a connection${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  let pair: SshPair;
  let connection: Connection;
  beforeAll(async () => {
    pair = await openSshPair();
    ({ connection } = pair);
  });
  afterAll(() => pair[Symbol.asyncDispose]());
  const another = (): Promise<Connection> => pair.another();

  it('every word arrives as it was, whatever it holds', async () => {
    const words = ["it's", '$HOME `id` $(id)', 'a\nb\tc', '*', '', ';&|<>', '-n', 'ü€😀', '\\', '"', '!x', '\x1b[31m'];
    const { stdout } = await connection.run(['sh', '-c', String.raw`printf '<%s>\n' "$@"`, 'sh', ...words]);

    expect(stdout).toBe(words.map((word) => `<${word}>\n`).join(''));
  });

  it('a word with a NUL is sent to nobody', async () => {
    expect((await rejection(connection.run(['echo', 'a\0b']))).message).toContain('NUL');
  });

  it('exit code, both outputs and the input are its own', async () => {
    const script = 'read line; echo "out $line"; echo err >&2; exit 7';

    expect(await connection.run(['sh', '-c', script], { stdin: 'given\n' })).toEqual({
      exitCode: 7,
      stdout: 'out given\n',
      stderr: 'err\n',
    });
    expect(await connection.run(['cat'], { stdin: Readable.from(['a', 'b']) })).toMatchObject({ exitCode: 0, stdout: 'ab' });
    // 137 where the login shell waits for its last command.
    expect([null, 137]).toContain((await connection.run(['sh', '-c', 'kill -9 $$'])).exitCode);
    expect((await connection.run(['/nonexistent/program'])).exitCode).toBe(127);
  });

  it('a program without an input does not wait for one, and one that reads none ends', async () => {
    expect((await connection.run(['cat'])).exitCode).toBe(0);
    expect((await connection.run(['true'], { stdin: Readable.from([Buffer.alloc(8_000_000)]) })).exitCode).toBe(0);
  });

  it('ANSI sequences and line breaks come as they are: to show them is for others', async () => {
    expect((await connection.run(['printf', String.raw`\033[2J\r\nx`])).stdout).toBe('\x1b[2J\r\nx');
  });

  it('a program that does not end in time is given up, and the connection goes on', async () => {
    expect(await rejection(connection.run(['sleep', '60'], { timeout: 300 }))).toMatchObject({
      absence: 'slow',
      isPassing: true,
    });
    expect((await connection.run(['true'])).exitCode).toBe(0);
  });

  it('a call ends with its signal', async () => {
    const controller = new AbortController();
    const running = rejection(connection.run(['sleep', '60'], { signal: controller.signal }));
    controller.abort(new Error('enough'));

    expect((await running).message).toBe('enough');
  });

  it('an endless output ends only its own connection', async () => {
    await using second = await another();
    const flood = await rejection(second.run(['yes']));

    expect(flood).toMatchObject({ absence: 'garbled', message: 'yes on web1 wrote more than 1048576 bytes' });
    expect(second.gone.aborted).toBe(true);
    expect((await rejection(second.run(['true']))).message).toBe(flood.message);
    expect((await connection.run(['true'])).exitCode).toBe(0);
  });

  it('an endless output to stderr, too', async () => {
    await using second = await another();

    expect(await rejection(second.run(['sh', '-c', 'yes >&2'], { limit: 100_000 }))).toMatchObject({ absence: 'garbled' });
  });

  it('a large output passes through in flat memory, and no byte is lost', { timeout: 120_000 }, async () => {
    const size = process.env['LONG'] === '1' ? 1_000_000_000 : 150_000_000;
    const { stream, ended } = await connection.start(['head', '-c', String(size), '/dev/zero']);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const inUse = (): number => (collect(), process.memoryUsage().arrayBuffers);
    const before = inUse();
    let received = 0;
    let most = 0;
    for await (const chunk of stream) {
      const last = received;
      received += (chunk as Buffer).length;
      // What nobody refers to is V8's to throw away when it likes.
      if (Math.floor(last / 10_000_000) < Math.floor(received / 10_000_000)) most = Math.max(most, inUse() - before);
    }

    expect(received).toBe(size);
    expect(await ended).toEqual({ exitCode: 0, stderr: '' });
    expect(most).toBeLessThan(60_000_000);
  });

  it('a conversation goes both ways, and stderr keeps its end', async () => {
    const { stream, ended } = await connection.start([
      'sh',
      '-c',
      'while read -r line; do echo "<$line>"; done; yes no | head -c 200000 >&2; exit 4',
    ]);
    stream.write('one\n');
    const [first] = (await once(stream, 'data')) as [Buffer];
    stream.end('two\n');
    const rest = await text(stream);
    const { exitCode, stderr } = await ended;

    expect([String(first), rest, exitCode, stderr.length]).toEqual(['<one>\n', '<two>\n', 4, 65536]);
  });

  it('kill ends a conversation', async () => {
    const { stream, ended, kill } = await connection.start(['sh', '-c', 'echo; exec cat']);
    await once(stream, 'data');
    kill();

    expect(await ended).toMatchObject({ stderr: '' });
  });

  it('what a connection is lost in is told to everything that waits', async () => {
    await using second = await another();
    const conversation = await second.start(['sh', '-c', `${findSession}; echo $session; exec cat`]);
    const running = rejection(second.run(['sleep', '60']));
    const [line] = (await once(conversation.stream, 'data')) as [Buffer];
    process.kill(Number(line), 'SIGKILL');
    const lost = {
      absence: 'unreachable',
      isPassing: true,
      message: expect.stringMatching(/^the connection to web1 was lost/) as string,
    };

    expect(await running).toMatchObject(lost);
    expect(await rejection(conversation.ended)).toMatchObject(lost);
    expect(await rejection(second.openSocket('/nonexistent'))).toMatchObject(lost);
  });

  it('a socket over there is reached without a process', async () => {
    const path = join(pair.server.directory, 'socket');
    const echo = createServer((socket) => socket.pipe(socket)).listen(path);
    await once(echo, 'listening');
    const stream = await connection.openSocket(path);
    stream!.end('ping');

    expect(await text(stream!)).toBe('ping');
    echo.close();
  });

  it('where nobody listens there is no socket', async () => {
    expect(await connection.openSocket('/nonexistent/socket')).toBeUndefined();
  });

  it('where sshd forwards none there is no socket, and programs still run', async () => {
    await using strict = await startSshServer({ config: ['AllowStreamLocalForwarding no'] });
    await using visitor = await openOperator({ knownHosts: strict.knownHosts });
    await using restricted = await visitor.connect(strict.target(), never);

    expect(await restricted.openSocket(join(pair.server.directory, 'socket'))).toBeUndefined();
    expect((await restricted.run(['true'])).exitCode).toBe(0);
  });

  it('another account than root asks sudo, which may refuse', async () => {
    // A sudo of our own, before the real one on the PATH of the host.
    const programs = join(pair.server.directory, 'bin');
    mkdirSync(programs);
    const sudo = (script: string): void => writeFileSync(join(programs, 'sudo'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await using other = await startSshServer({ config: [`SetEnv PATH=${programs}:/usr/bin:/bin`] });
    await using visitor = await openOperator({ knownHosts: other.knownHosts });
    const target = { ...other.target(), become: true };
    await using direct = await visitor.connect(target, never);
    const settings = await openSettings({
      home: visitor.path,
      account: 'x',
      environment: process.env,
      configFile: join(visitor.path, 'config'),
    })(target);
    const stream = await dial('127.0.0.1', other.port, 5_000, never);
    const file = { file: 'known_hosts', about: indexKnownHosts(parseKnownHosts(other.knownHosts, 'known_hosts')) };
    const known = findKnownHost({ ...settings, alias: undefined, inventoryName: 'web1' }, [file], []);
    const identities = await openKeyRing(() => Promise.resolve(undefined)).identitiesFor(settings);
    await using open = await openClient(stream, { name: 'web1', settings, known, identities }, never);
    const connection = sshConnection(target, open, 'operator');

    sudo('echo "as root: $*"');
    expect((await connection.run(['echo', 'a b'])).stdout).toBe('as root: -n -- echo a b\n');
    if (settings.user === 'root') expect((await direct.run(['echo', 'a b'])).stdout).toBe('a b\n');
    sudo('echo "sudo: a password is required" >&2; exit 1');
    expect(await rejection(connection.run(['true']))).toMatchObject({
      absence: 'denied',
      message: 'web1 does not let operator become root (sudo: a password is required)',
      hint: expect.stringContaining('sudo without a password') as string,
    });
    // What it only warns of, or does not find, says nothing about rights.
    for (const warning of ['sudo: unable to resolve host web1', 'sudo: reconcile: command not found']) {
      sudo(`echo "${warning}" >&2; exit 1`);
      expect(await connection.run(['false'])).toEqual({ exitCode: 1, stdout: '', stderr: `${warning}\n` });
    }
    sudo('echo "sh: 1: sudo: not found" >&2; exit 127');
    expect(await rejection(connection.run(['true']))).toMatchObject({ absence: 'denied' });
  });
});
