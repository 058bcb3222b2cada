import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import type { Connection } from '../../src/fleet/connection.ts';
import type { Target } from '../../src/model/fleet.ts';

export const makeTarget = (name: string): Target => ({
  name,
  address: '127.0.0.1',
  port: undefined,
  user: undefined,
  identity: undefined,
  sshOptions: [],
  become: false,
});

interface Local {
  /** What stands in front of every program, and in place of the first word where it is `reconcile`. */
  readonly program?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where the control socket of the agent really is. */
  readonly socket?: string;
}

/** A connection to this machine without SSH: programs are started here, with nothing between them and the caller but pipes. */
export function localConnection(name: string, { program = [], env = {}, socket }: Local = {}): Connection {
  const gone = new AbortController();
  const launch = (argv: readonly string[]) => {
    const [first, ...rest] = [...(argv[0] === 'reconcile' ? program : argv.slice(0, 1)), ...argv.slice(1)];
    return spawn(first!, rest, { env: { PATH: process.env['PATH'], ...env }, stdio: 'pipe', signal: gone.signal });
  };
  return {
    target: makeTarget(name),
    gone: gone.signal,
    async run(argv) {
      const child = launch(argv);
      child.stdin.end();
      const [stdout, stderr, [exitCode]] = await Promise.all([
        child.stdout.setEncoding('utf8').toArray(),
        child.stderr.setEncoding('utf8').toArray(),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') };
    },
    async start(argv) {
      const child = launch(argv);
      child.on('error', () => undefined);
      child.stdin.on('error', () => undefined);
      const stderr = child.stderr.setEncoding('utf8').toArray();
      const ended = once(child, 'close').then(async ([exitCode]) => ({
        exitCode: exitCode as number | null,
        stderr: (await stderr).join(''),
      }));
      return { stream: Duplex.from({ writable: child.stdin, readable: child.stdout }), ended, kill: () => void child.kill() };
    },
    async openSocket() {
      if (socket === undefined) return undefined;
      const stream = connect(socket);
      await once(stream, 'connect');
      return stream;
    },
    async [Symbol.asyncDispose]() {
      gone.abort();
    },
  };
}
