import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AbsolutePath, Argv, CommandResult, Host, HostReader } from '../host/host.ts';
import { howItEnded, wasKilled } from '../model/how-it-ended.ts';
import { lastLines } from '../model/last-lines.ts';
import { makeFailure, PassingError } from '../model/passing-error.ts';
import { runOutside } from './run-outside.ts';

/** What apt would do. */
export type Simulation = {
  /** Names of packages that would be installed, upgraded or downgraded. */
  readonly installed: readonly string[];
  /** Packages that would go, with their version. */
  readonly removed: readonly { readonly name: string; readonly version: string }[];
  /** Why apt would do nothing. */
  readonly fault?: string;
};

/** An index younger than this is not renewed because of an unknown name. Milliseconds. */
const indexAge = 60 * 60 * 1000;
const lists: AbsolutePath = '/var/lib/apt/lists/partial';
const sourceList: AbsolutePath = '/etc/apt/sources.list';
const sourceDirectory: AbsolutePath = '/etc/apt/sources.list.d';

/** Between two tries for a lock for which the program itself does not wait. Milliseconds. */
const lockPause = 500;
const lockHeld =
  /^(?:E: (?:Could not get lock|Unable to (?:acquire|lock))|dpkg: error: dpkg (?:frontend lock was|status database is) locked)/m;

/** How apt says that a mirror cannot be reached, or is out of order, or that something has killed dpkg or a script of a package. */
const passing =
  /subprocess was killed by signal \(Killed\)|^(?:E|W|Err).*(?:Sub-process \S+ (?:received signal|exited unexpectedly)|Temporary failure resolving|Could not (?:connect|resolve)|Connection (?:failed|timed out|refused|reset)|Unable to connect| 5\d\d  )/m;

/** Nothing may ask a question: nobody is there to answer. */
const environment: Readonly<Record<string, string>> = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBIAN_PRIORITY: 'critical',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_SUSPEND: '1',
  UCF_FORCE_CONFFOLD: '1',
};
const keepConfiguration = ['--force-confdef', '--force-confold'];
const aptOptions = ['-q', '-y', '-o', 'APT::Get::AutomaticRemove=false', '-o', 'Dpkg::Use-Pty=0'];

/** Asks apt what a change would mean, on the index as it is. Needs no rights and takes no lock. */
export async function simulate(words: readonly string[], host: HostReader, signal: AbortSignal): Promise<Simulation> {
  return parseSimulation(await ask(words, host, signal));
}

async function ask(words: readonly string[], host: HostReader, signal: AbortSignal): Promise<CommandResult> {
  const result = await host.query(['apt-get', '-s', ...aptOptions, ...words], signal, { env: environment });
  if (wasKilled(result)) throw new PassingError(`apt-get -s ${howItEnded(result)}`);
  return result;
}

export function parseSimulation({ exitCode, stdout, stderr }: Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>): Simulation {
  const installed = [...stdout.matchAll(/^Inst (\S+) /gm)].map(([, name = '']) => name);
  const removed = [...stdout.matchAll(/^(?:Remv|Purg) (\S+) \[([^\]]*)\]/gm)].map(([, name = '', version = '']) => ({
    name,
    version,
  }));
  if (exitCode === 0) return { installed, removed };
  const unmet = [...stdout.matchAll(/^ (\S+ : \S.*)$/gm)].map(([, line = '']) => line.replace(/\s+/g, ' '));
  const errors = [...stderr.matchAll(/^E: (.*)$/gm)].map(([, line = '']) => line);
  return {
    installed,
    removed,
    fault: [...unmet.slice(0, 3), ...errors.slice(0, 3)].join('; ') || `apt-get exited with ${exitCode}`,
  };
}

/** Names of those of `NAME=VERSION` that are nowhere to be had. */
export async function findLost(versions: readonly string[], host: HostReader, signal: AbortSignal): Promise<readonly string[]> {
  if (versions.length === 0) return [];
  const { stderr } = await ask(['install', ...versions], host, signal);
  return [...stderr.matchAll(/^E: Version '.*' for '(.*)' was not found$/gm)].map(([, name = '']) => name);
}

/**
 * Whether a newer index might know more: it is older than an hour or than a list of sources, or one of `sources`, which the run
 * is about to write, is not there yet.
 */
export function mayRenewIndex(sources: readonly AbsolutePath[], host: HostReader): boolean {
  const modified = (path: AbsolutePath): number | undefined => statSync(host.realPath(path), { throwIfNoEntry: false })?.mtimeMs;
  const made = modified(lists);
  if (made === undefined || Date.now() - made > indexAge || made > Date.now()) return true;
  const all = [sourceList, ...(host.list(sourceDirectory) ?? []).map((name) => `${sourceDirectory}/${name}`)];
  return (
    sources.some((path) => modified(path) === undefined) || [...all, ...sources].some((path) => (modified(path) ?? 0) > made)
  );
}

export interface AptLimits {
  /** For everything together, waiting for locks included. Milliseconds. */
  readonly timeout: number;
}

export const renewIndex = (limits: AptLimits, host: Host, signal: AbortSignal): Promise<void> =>
  succeed('apt-get update', ['apt-get', '-q', 'update'], limits, host, signal);

/** One transaction. Waits for whoever holds the lock, never asks, keeps configuration files that were edited. */
export const runApt = (words: readonly string[], limits: AptLimits, host: Host, signal: AbortSignal): Promise<void> =>
  succeed(
    'apt-get',
    [
      'apt-get',
      ...aptOptions,
      '-o',
      `DPkg::Lock::Timeout=${Math.ceil(limits.timeout / 2000)}`,
      ...keepConfiguration.flatMap((option) => ['-o', `Dpkg::Options::=${option}`]),
      ...words,
    ],
    limits,
    host,
    signal,
  );

/** Ends what an interrupted run of dpkg has begun, or purges. */
export const runDpkg = (words: readonly string[], limits: AptLimits, host: Host, signal: AbortSignal): Promise<void> =>
  succeed('dpkg', ['dpkg', ...keepConfiguration, ...words], limits, host, signal);

export const markPackages = (mark: string, names: readonly string[], host: Host, signal: AbortSignal): Promise<void> =>
  names.length === 0
    ? Promise.resolve()
    : succeed(`apt-mark ${mark}`, ['apt-mark', mark, ...names], { timeout: 60_000 }, host, signal);

async function succeed(what: string, argv: Argv, { timeout }: AptLimits, host: Host, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const left = Math.max(1000, deadline - performance.now());
    const { exitCode, timedOut, isKilled, said } = await runOutside(argv, { env: environment, timeout: left }, host, signal);
    if (exitCode === 0) return;
    if (timedOut)
      throw new PassingError(`${what} did not end within ${Math.round(timeout / 1000)} s; another program may hold its lock`);
    const isLocked = lockHeld.test(said);
    if (!isLocked || performance.now() + lockPause >= deadline)
      throw makeFailure(`${what} failed: ${reasonIn(said)}`, isLocked || isKilled || passing.test(said));
    await sleep(lockPause, undefined, { signal });
  }
}

/** What went wrong stands in the lines with a mark, and before dpkg's own: there a package's script says why. Without one the end must do. */
export function reasonIn(said: string): string {
  const lines = said.split('\n').map((line) => line.trim());
  const marked = lines.flatMap((line, index) => {
    if (/^dpkg: error processing (?:package|archive) /.test(line)) {
      const before = lines[index - 1] ?? '';
      const why = lines[index + 1] ?? '';
      const script =
        before === '' || /^(?:Setting up|Removing|Purging|Unpacking|Preparing|Processing|dpkg:|\(Reading)/.test(before);
      return [...(script ? [] : [before]), why === '' ? line : `${line} ${why}`];
    }
    return /^(?:E: |dpkg: error)/.test(line) ? [line] : [];
  });
  return [...new Set(marked)].slice(0, 4).join('; ') || lastLines(said.trim());
}
