import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { program, type CliResult } from '../support/run-cli.ts';
import { baseImage, cacheDirectory } from './base-image.ts';
import { collect, endAll, runInside, type RunOptions, type RunResult } from './inside.ts';
import { joinNetwork } from './network.ts';
import { findInit, firstChild, isAlive, kill } from './processes.ts';

const repository = join(import.meta.dirname, '../..');
const node = join(repository, 'node_modules/node/bin/node');

/**
 * A Debian 12 machine with systemd, cron and sshd. All packages of `debian-packages.txt` can be installed, `reconcile`
 * is the program as it was built when the host booted. Its clock and kernel are this machine's. It is gone, with all it
 * wrote, at the end of its scope: `await using host = await bootHost()`. It also ends with this process.
 */
export interface Host extends AsyncDisposable {
  readonly name: string;
  /** Reachable from this process and from the other hosts of it. */
  readonly address: string;
  /** Where the host reaches servers of this process that listen on all addresses; it calls that `tests.example`. */
  readonly gateway: string;
  /** Runs a program as root and waits for it. A failure is a result. */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** What the program wrote to stdout. Throws when it fails. */
  ask(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** Writes a file, with the directories above it. The mode is 0644 where none is given. */
  write(path: string, text: string, mode?: number): Promise<void>;
  read(path: string): Promise<string>;
  /** Copies a file, or what is in a directory, of this machine; the owner becomes root. */
  push(local: string, remote: string): Promise<void>;
  /** The built program. */
  reconcile(args: readonly string[], options?: RunOptions): Promise<CliResult>;
  /** Shuts down and boots with the same files. With `powerCut` nothing is told before. Units may have failed afterwards. */
  reboot(options?: { readonly powerCut?: boolean }): Promise<void>;
  /** The process, here, below which everything of the host runs: `findInit` finds its systemd. */
  readonly launcher: number;
}

/**
 * Takes one to two seconds when the image exists. Throws when the host has failed units after booting. A `bare` one has no
 * `reconcile` and no Node.
 */
export async function bootHost({
  name = 'host',
  bare = false,
}: { readonly name?: string; readonly bare?: boolean } = {}): Promise<Host> {
  for (const path of [program, node]) if (!existsSync(path)) throw new Error(`${path} is missing: npm ci && npm run build`);
  const layers = await baseImage();
  await using cleanup = new AsyncDisposableStack();
  const network = cleanup.use(await joinNetwork());
  const { id, address } = network.reserve();
  const mount = join(cacheDirectory, 'mount');
  mkdirSync(mount, { recursive: true });
  cleanup.defer(() => network.remove(id));
  // Whoever of them ends takes the next with it: this process, unshare, the first process of its namespace, all others.
  const alone = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const script = join(import.meta.dirname, 'start-host.sh');
  const args = [layers.join(':'), mount, id, name, `${address}/24`, ...(bare ? [] : [join(repository, 'dist'), node])];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...alone, script, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const ended = once(child, 'close');
  const output = collect(child);
  const inFlight = new Set<ChildProcess>();
  cleanup.defer(async () => {
    endAll(inFlight);
    await powerOff(child, ended);
  });
  const launcher = await until(child, output, () => firstChild(child.pid!));
  await network.connect(id, launcher);
  child.stdin.on('error', () => undefined).end('\n');

  const run: Host['run'] = async (argv, options) =>
    runInside(await until(child, output, () => findInit(launcher)), argv, options, inFlight);
  /** Waits until systemd has started everything. */
  const boot = (): Promise<string> =>
    until(child, output, async () => {
      const { stdout } = await run(['systemctl', 'is-system-running', '--wait']);
      return ['running', 'degraded'].find((state) => stdout.trim() === state);
    });
  const ask: Host['ask'] = async (argv, options) => {
    const { exitCode, stdout, stderr } = await run(argv, options);
    if (exitCode !== 0) throw new Error(`${name}: ${argv.join(' ')}: exit ${exitCode}\n${stderr}${stdout}`);
    return stdout;
  };
  if ((await boot()) === 'degraded') throw new Error(await ask(['systemctl', '--failed', '--no-legend']));
  const scope = cleanup.move();
  return {
    name,
    address,
    gateway: network.gateway,
    run,
    ask,
    async write(path, text, mode = 0o644) {
      await ask(['install', '-D', `--mode=${mode.toString(8)}`, '/dev/stdin', path], { stdin: text });
    },
    read: (path) => ask(['cat', path]),
    async push(local, remote) {
      if (!statSync(local).isDirectory())
        return void (await ask(['cp', '/dev/stdin', remote], { stdin: createReadStream(local) }));
      const tar = spawn('tar', ['--create', '--directory', local, '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const extract = 'mkdir --parents "$0" && exec tar --extract --no-same-owner --directory "$0"';
      await ask(['sh', '-c', extract, remote], { stdin: tar.stdout });
    },
    async reconcile(args, options) {
      const { exitCode, stdout, stderr } = await run(['reconcile', ...args], options);
      return { exit: exitCode, stdout, stderr };
    },
    async reboot({ powerCut = false } = {}) {
      const before = findInit(launcher);
      if (!powerCut) await run(['systemctl', 'reboot']);
      endAll(inFlight);
      if (powerCut) for (const pid of [firstChild(launcher), before]) if (pid !== undefined) kill(pid);
      await until(child, output, () => before === undefined || !isAlive(before) || undefined);
      await boot();
    },
    launcher,
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

/** Asks systemd to power off, then insists. */
async function powerOff(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  const launcher = firstChild(child.pid!);
  const init = launcher === undefined ? undefined : findInit(launcher);
  // SIGRTMIN+4
  if (init !== undefined) kill(init, 38);
  const limit = setTimeout(() => child.kill('SIGKILL'), init === undefined ? 0 : 3000);
  await ended;
  clearTimeout(limit);
}

/** Asks again until there is an answer: no event tells it. Throws when the host ends before, or after half a minute. */
async function until<T>(
  child: ChildProcess,
  output: () => string,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + 30_000;
  while (child.exitCode === null && child.signalCode === null && performance.now() < end) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(20);
  }
  throw new Error(`the host does not boot:\n${output()}`);
}
