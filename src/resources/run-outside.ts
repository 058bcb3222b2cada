import { setTimeout as sleep } from 'node:timers/promises';
import type { AbsolutePath, Argv, CommandResult, Host, HostReader } from '../host/host.ts';
import { howItEnded, wasKilled } from '../model/how-it-ended.ts';
import { PassingError } from '../model/passing-error.ts';

/** Only root may write in /run. */
const logFile: AbsolutePath = '/run/reconcile-packages.log';
const unitPrefix = 'reconcile-packages-';
/** Between two looks at a unit. Milliseconds. */
const pause = 500;

const isSystemd = (host: HostReader): boolean => host.stat('/run/systemd/system') !== undefined;
const isService = (host: HostReader): boolean => Boolean(process.env['INVOCATION_ID']) && isSystemd(host);
let units = 0;

interface OutsideResult {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  /** Something else ended it. */
  readonly isKilled: boolean;
  readonly said: string;
}

interface OutsideOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Runs a program as a unit of its own where the agent is a service: maintainer scripts, sysctl and ufw need more rights than its
 * sandbox leaves, and the first must not die with it when they restart it. The output goes to a file, because the end of a pipe
 * would end them too.
 */
export async function runOutside(
  argv: Argv,
  { env, timeout }: OutsideOptions,
  host: Host,
  signal: AbortSignal,
): Promise<OutsideResult> {
  if (!isService(host)) {
    const ended = await host.run(argv, signal, { env, timeout });
    return tell(ended, ended.stdout);
  }
  const properties = [
    `StandardOutput=truncate:${logFile}`,
    'StandardError=inherit',
    `RuntimeMaxSec=${Math.ceil(timeout / 1000)}`,
  ];
  const unit: Argv = [
    'systemd-run',
    '--wait',
    '--collect',
    '--service-type=exec',
    `--unit=${unitPrefix}${process.pid}-${++units}`,
    ...properties.map((property) => `--property=${property}`),
    ...Object.entries({ ...env, LC_ALL: 'C.UTF-8' }).map(([name, value]) => `--setenv=${name}=${value}`),
    '--',
    ...argv,
  ];
  const ended = await host.run(unit, signal, { timeout: timeout + 5_000 });
  // It may go on without the program that waits for it.
  if (wasKilled(ended)) await awaitOutside(timeout, host, signal);
  return ofUnit(ended, host.readFile(logFile)?.toString('utf8') ?? '');
}

/** systemd-run tells how a unit ended that did not end by itself, beside its name and what it used. */
function ofUnit(ended: CommandResult, said: string): OutsideResult {
  const isOfUnit = /^Running as unit: /m.test(ended.stderr);
  const isKilled = /^Finished with result: (?:signal|core-dump|oom-kill)$/m.test(ended.stderr);
  return tell({ ...ended, ...(isKilled && { exitCode: null }), stderr: isOfUnit ? '' : ended.stderr }, said);
}

/** One that was killed may have said nothing, or nothing of that. */
function tell(ended: CommandResult, stdout: string): OutsideResult {
  const { exitCode, timedOut, stderr } = ended;
  const said = `${stdout}\n${stderr}`;
  const isTold = exitCode !== null && said.trim() !== '';
  return { exitCode, timedOut, isKilled: wasKilled(ended), said: isTold ? said : `${said.trimEnd()}\n${howItEnded(ended)}` };
}

/** The same for a program that only looks, and is done at once. */
export const askOutside = (
  argv: Argv,
  { timeout }: Pick<OutsideOptions, 'timeout'>,
  host: HostReader,
  signal: AbortSignal,
): Promise<CommandResult> =>
  host.query(
    isService(host) ? ['systemd-run', '--quiet', '--wait', '--collect', '--pipe', '--service-type=exec', '--', ...argv] : argv,
    signal,
    { timeout },
  );

/**
 * Waits for what an earlier run has left running: a unit goes on when the run that started it ends, and what it will still do
 * cannot be taken back before it is done. `timeout` in milliseconds.
 */
export async function awaitOutside(timeout: number, host: Host, signal: AbortSignal): Promise<void> {
  if (!isSystemd(host)) return;
  const list: Argv = ['systemctl', 'list-units', '--plain', '--no-legend', '--state=activating,active,deactivating'];
  const deadline = performance.now() + timeout;
  for (;;) {
    const result = await host.query([...list, `${unitPrefix}*`], signal);
    const { exitCode, stdout } = result;
    if (wasKilled(result)) throw new PassingError(`systemctl list-units ${howItEnded(result)}`);
    if (exitCode !== 0 || stdout.trim() === '') return;
    const [unit] = stdout.trim().split(/\s/);
    if (performance.now() >= deadline) throw new Error(`${unit}, which an earlier run started, is still running`);
    await sleep(pause, undefined, { signal });
  }
}
