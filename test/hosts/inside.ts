import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { capabilitiesOf, firstChild, isStopped, kill } from './processes.ts';

export interface RunOptions {
  readonly stdin?: string | Buffer | Readable;
  readonly env?: Readonly<Record<string, string>>;
  /** The user to be, instead of root. */
  readonly user?: string;
  /** `/root` where it is not said. */
  readonly cwd?: string;
}

export interface RunResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' };

/** The same program in all namespaces of the process, with a login's environment and nothing of this one's. */
export function enter(init: number, argv: readonly string[], options: RunOptions = {}): readonly string[] {
  const { env = {}, user, cwd = '/root' } = options;
  const variables = Object.entries({ ...environment, ...env }).map(([name, value]) => `${name}=${value}`);
  const door = ['nsenter', '--target', String(init), '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
  const login = ['env', '--ignore-environment', '--chdir', cwd, ...variables];
  // Without this a program could do more than the host's own root: set this machine's clock, for instance.
  const limit = [
    'setpriv',
    `--bounding-set=-all${capabilitiesOf(init)
      .map((bit) => `,+cap_${bit}`)
      .join('')}`,
  ];
  return [...door, ...login, ...limit, ...(user === undefined ? [] : ['runuser', '-u', user, '--']), ...argv];
}

/** Runs a program there, and waits for it and for all that hold its output. While it runs, its process is in the set. */
export async function runInside(
  init: number,
  argv: readonly string[],
  { stdin = '', ...options }: RunOptions = {},
  inFlight: Set<ChildProcess> = new Set(),
): Promise<RunResult> {
  // Node's pipes are sockets, which a script cannot open by the name /dev/stderr.
  const pipes = ['bash', '-c', 'exec "$@" < <(cat) > >(cat) 2> >(cat >&2)', '-', ...argv];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...enter(init, pipes, options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  inFlight.add(child);
  // A host that shuts down stops all processes; nsenter stops as well, and the host would wait for it for ever.
  const waker = setInterval(() => isStopped(child.pid!) && child.kill('SIGCONT'), 100).unref();
  const [stdout, stderr] = [collectStream(child.stdout), collectStream(child.stderr)];
  // A program that does not read to the end is its own affair.
  const source = typeof stdin === 'string' || Buffer.isBuffer(stdin) ? [stdin] : stdin;
  const fed = pipeline(source, child.stdin).catch(() => undefined);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  clearInterval(waker);
  inFlight.delete(child);
  await fed;
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

/** Ends the programs themselves: nsenter then waits for them, while the host would wait for one that nobody waits for. */
export function endAll(inFlight: ReadonlySet<ChildProcess>): void {
  for (const child of inFlight) {
    const program = firstChild(child.pid!);
    if (program === undefined) child.kill('SIGKILL');
    else kill(program);
  }
}

/** Everything that the process has said so far, on both streams. */
export function collect(child: ChildProcess): () => string {
  const [stdout, stderr] = [collectStream(child.stdout!), collectStream(child.stderr!)];
  return () => stdout() + stderr();
}

function collectStream(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
