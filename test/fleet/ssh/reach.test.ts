import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { ConnectionError } from '../../../src/fleet/connection.ts';
import { freePort } from '../../support/free-port.ts';
import { openOperator, rejection } from '../../support/ssh-operator.ts';
import { findSession, startSshServer, whyNoSsh } from '../../support/ssh-server.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const never = new AbortController().signal;

/** A port where something else than sshd listens. */
async function listen(answer: (socket: Socket) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port whose queue is full, so that who connects is not answered. */
async function listenWithoutAnswer(): Promise<AsyncDisposable & { readonly port: number }> {
  const script = [
    'import socket, time',
    's = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)',
    'waiting = [socket.socket() for _ in range(4)]',
    'for each in waiting: each.setblocking(False); each.connect_ex(s.getsockname())',
    'print(s.getsockname()[1], flush=True); time.sleep(600)',
  ];
  const child = spawn('python3', ['-c', script.join('\n')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(port),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

const at = (port: number, address = '127.0.0.1') => ({
  name: 'web1',
  address,
  port,
  user: 'root',
  identity: undefined,
  sshOptions: [],
  become: false,
});

/** Why nobody is reached there. */
async function failureAt(port: number, config: readonly string[] = [], address?: string): Promise<ConnectionError> {
  await using operator = await openOperator({ config });
  return (await rejection(operator.connect(at(port, address), never))) as ConnectionError;
}

describe('what is no host', () => {
  it('a dead port is unreachable, and worth another try', async () => {
    const port = await freePort();

    expect(await failureAt(port)).toMatchObject({
      absence: 'unreachable',
      isPassing: true,
      message: `127.0.0.1 port ${port} refuses connections`,
    });
  });

  it('a name that nobody knows is told as such', async () => {
    const failure = await failureAt(22, [], 'nobody.invalid');

    expect(failure.absence).toBe('unreachable');
    expect(failure.message).toMatch(/^nobody\.invalid port 22 (has a name that|cannot be reached)/);
  });

  it('a port that takes the connection and says nothing is given up in time', async () => {
    await using silent = await listen(() => {});

    expect(await failureAt(silent.port, ['ConnectTimeout 1'])).toMatchObject({
      absence: 'unreachable',
      isPassing: true,
      message: 'web1 took the connection but did not finish the SSH handshake in 1 s',
    });
  });

  it('a port that hangs up is worth another try', async () => {
    await using curt = await listen((socket) => socket.end());

    expect(await failureAt(curt.port)).toMatchObject({ absence: 'unreachable', isPassing: true });
  });

  it.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['garbage', '\0\xff'.repeat(40_000)],
    ['an SSH that nobody speaks any more', 'SSH-1.5-old\r\n'],
    ['nonsense after the greeting', `SSH-2.0-x\r\n${'\x7f'.repeat(100_000)}`],
    ['a terminal attack', '\x1b[2Jowned\r\n'.repeat(2000)],
  ])('%s is an error of that host alone, on one clean line', async (_what, bytes) => {
    await using odd = await listen((socket) => socket.end(Buffer.from(bytes, 'latin1')));
    const failure = await failureAt(odd.port, ['ConnectTimeout 2']);

    expect(failure.absence).toBe('unreachable');
    // eslint-disable-next-line no-control-regex -- they are what must not be there
    expect(failure.message).not.toMatch(/[\x00-\x1f\x7f]/);
    expect(failure.message.length).toBeLessThan(500);
  });

  it('an endless greeting is not read to its end', async () => {
    await using endless = await listen((socket) => {
      const more = (): void => void (socket.write('x'.repeat(65_536)) ? setImmediate(more) : socket.once('drain', more));
      more();
    });

    expect(await failureAt(endless.port, ['ConnectTimeout 5'])).toMatchObject({ absence: 'unreachable' });
  });

  it('a wait ends with its signal', async () => {
    await using silent = await listen(() => {});
    await using operator = await openOperator();
    const controller = new AbortController();
    const waiting = rejection(operator.connect(at(silent.port), controller.signal));
    controller.abort(new Error('enough'));

    expect((await waiting).message).toBe('enough');
  });
});

describe.skipIf(whyNoSsh !== undefined)(`hosts behind others${whyNoSsh ? ` (${whyNoSsh})` : ''}`, () => {
  it('two jump hosts lead to a third, each known, and are connected to once for all behind them', async () => {
    await using first = await startSshServer();
    await using second = await startSshServer({ config: [`PermitOpen 127.0.0.1:1`] });
    await using open = await startSshServer();
    await using last = await startSshServer();
    const host = (name: string, { port, clientKey }: typeof first): string[] => [
      `Host ${name}`,
      'HostName 127.0.0.1',
      `Port ${port}`,
      `IdentityFile ${clientKey}`,
    ];
    const config = [...host('first', first), ...host('second', open), ...host('closed', second)];
    const knownHosts = [first, second, open, last].map((each) => each.knownHosts).join('');
    await using operator = await openOperator({ config, knownHosts });
    const through = (jumps: string) => ({ ...last.target(), sshOptions: ['-o', `ProxyJump=${jumps}`] });
    const connections = await Promise.all([1, 2, 3].map(() => operator.connect(through('first,second'), never)));
    const said = await Promise.all(connections.map((each) => each.run(['sh', '-c', 'echo $SSH_CONNECTION'])));

    expect(said.map(({ stdout }) => stdout.split(' ')[3])).toEqual(Array(3).fill(`${last.port}\n`));
    expect([first, open].map(({ log }) => log().match(/Accepted publickey/g)?.length)).toEqual([1, 1]);
    expect(last.log().match(/Accepted publickey/g)).toHaveLength(3);

    const closed = (await rejection(operator.connect(through('first,closed'), never))) as ConnectionError;
    expect(closed).toMatchObject({ absence: 'unreachable', isPassing: true });
    expect(closed.message).toMatch(/^web1 cannot be reached through first,closed \(/);
    await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()));
  });

  it('a jump host that is not known keeps what is behind it from being reached', async () => {
    await using jump = await startSshServer();
    await using last = await startSshServer();
    await using operator = await openOperator({ knownHosts: last.knownHosts });
    const target = { ...last.target(), sshOptions: ['-o', `ProxyJump=127.0.0.1:${jump.port}`] };
    const refused = await rejection(operator.connect(target, never));

    expect(refused).toMatchObject({ absence: 'untrusted' });
    expect(refused.message).toMatch(new RegExp(`^on the way: \\[127\\.0\\.0\\.1\\]:${jump.port} is not known`));
    expect(last.log()).not.toContain('Connection from');
  });

  it.skipIf(!hasPython)(
    'a host behind a jump host that is silent is given up in time, and a wait for it ends with its signal',
    async () => {
      await using jump = await startSshServer();
      await using silent = await listenWithoutAnswer();
      const config = [`Host ${jump.target().address}`, `IdentityFile ${jump.clientKey}`, 'Host web1'];
      const way = ['HostName 127.0.0.1', `ProxyJump ${jump.target().user}@127.0.0.1:${jump.port}`, 'ConnectTimeout 1'];
      await using operator = await openOperator({ knownHosts: jump.knownHosts, config: [...config, ...way] });

      expect(await rejection(operator.connect(at(silent.port, 'web1'), never))).toMatchObject({
        absence: 'unreachable',
        isPassing: true,
        message: expect.stringMatching(/^web1 cannot be reached through \S+ \(it does not answer within 1 s\)$/) as string,
      });
      expect((await rejection(operator.connect(at(silent.port, 'web1'), AbortSignal.timeout(200)))).name).toBe('TimeoutError');
    },
  );

  it('a circle of jump hosts is told as one', async () => {
    await using operator = await openOperator({ config: ['Host a b', 'ProxyJump c', 'Host c', 'ProxyJump b'] });

    expect((await rejection(operator.connect(at(22, 'a'), never))).message).toMatch(/circle/);
  });

  it('jump hosts that lead to each other are told as a circle to all who go through them', async () => {
    const config = ['Host a', 'ProxyJump c', 'Host b', 'ProxyJump d', 'Host c', 'ProxyJump d', 'Host d', 'ProxyJump c'];
    await using operator = await openOperator({ config });

    const told = await Promise.all(['a', 'b'].map((name) => rejection(operator.connect(at(22, name), never))));

    for (const { message } of told) expect(message).toMatch(/circle/);
  });

  it('when a jump host is lost, so is what is behind it; the next connection makes its own', async () => {
    await using jump = await startSshServer();
    await using last = await startSshServer();
    const config = ['Host jump', 'HostName 127.0.0.1', `Port ${jump.port}`, `IdentityFile ${jump.clientKey}`];
    await using operator = await openOperator({ config, knownHosts: jump.knownHosts + last.knownHosts });
    const target = { ...last.target(), sshOptions: ['-o', 'ProxyJump=jump'] };
    await using behind = await operator.connect(target, never);
    await using direct = await operator.connect(jump.target(), never);
    const lost = once(behind.gone, 'abort');
    // Each session of sshd is a process below the one that listens, and of who is not root another one below that.
    const others = `${findSession}; own=$(cut -d" " -f4 /proc/$session/stat); pgrep -P ${jump.process.pid} | grep -vx -e $session -e $own`;
    await direct.run(['sh', '-c', `for each in $(${others}); do kill -9 $(pgrep -P $each) $each; done`]);
    await lost;
    await using again = await operator.connect(target, never);

    expect((await again.run(['true'])).exitCode).toBe(0);
  });

  it('the ProxyCommand of the user is started without a shell, and ended with the connection', async () => {
    await using server = await startSshServer();
    const script = join(server.directory, 'proxy.mjs');
    const pidFile = join(server.directory, 'pid');
    writeFileSync(
      script,
      `import { connect } from 'node:net';\nimport { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(pidFile)}, String(process.pid));\n` +
        "const [, , host, port, user] = process.argv;\nif (user !== 'a user') process.exit(1);\n" +
        'const socket = connect(Number(port), host);\nprocess.stdin.pipe(socket).pipe(process.stdout);\n',
    );
    const config = ['Host *', `ProxyCommand exec ${process.execPath} "${script}" %n %p 'a user'`];
    await using operator = await openOperator({ config, knownHosts: server.knownHosts });
    const connection = await operator.connect(server.target(), never);

    expect((await connection.run(['echo', 'in'])).stdout).toBe('in\n');
    await connection[Symbol.asyncDispose]();
    const pid = readFileSync(pidFile, 'utf8');
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 10_000 });
  });

  it.each([['touch proxied; nc %h %p'], ['sh -c "touch $HOME/proxied"'], ['nc %h %p | tee proxied'], ['`id`'], ['nc %C']])(
    'a ProxyCommand that needs a shell is not run: %s',
    async (command) => {
      await using operator = await openOperator({ config: ['Host *', `ProxyCommand ${command}`] });
      const refused = await rejection(operator.connect(at(22, 'web1.example'), never));

      expect(refused).toMatchObject({ absence: 'unreachable', hint: expect.stringContaining('ProxyJump') as string });
      expect(refused.message).toContain('no shell is started');
      expect([existsSync('proxied'), existsSync(join(operator.path, 'proxied'))]).toEqual([false, false]);
    },
  );

  it('a ProxyCommand that is not there is told as such', async () => {
    await using operator = await openOperator({ config: ['Host *', 'ProxyCommand /nonexistent/proxy %h'] });

    expect(await rejection(operator.connect(at(22, 'web1.example'), never))).toMatchObject({
      absence: 'unreachable',
      message: 'the ProxyCommand of web1 cannot be started: /nonexistent/proxy (ENOENT)',
      isPassing: false,
    });
  });

  it('a ProxyCommand for which too many files are open ends nothing but its own connection', async () => {
    const module = join(import.meta.dirname, '../../../src/fleet/ssh/proxy-command.ts');
    const script = `
      import { openSync } from 'node:fs';
      const { openProxyCommand } = await import(${JSON.stringify(module)});
      try { for (;;) openSync('/dev/null'); } catch {}
      const { message, isPassing } = await openProxyCommand('web1', 'cat', { address: 'a', hostname: 'a', port: 22, user: 'u' }).catch((error) => error);
      console.log(message, isPassing);`;
    const argv = ['-c', 'ulimit -n 60 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script];
    const { stdout, status } = spawnSync('sh', argv, { encoding: 'utf8' });

    expect([stdout, status]).toEqual([
      'the fault is on this machine: more files are open than `ulimit -n` allows (cat) true\n',
      0,
    ]);
  });
});
