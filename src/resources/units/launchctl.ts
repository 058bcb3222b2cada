import type { Argv, Host, HostReader } from '../../host/host.ts';
import type { Applied, Failure } from '../resource-type.ts';
import { ending, type LiveUnit } from './systemctl.ts';
import type { UnitDesired } from './unit-desired.ts';
import { labelOf, unitPath, type UnitPlace } from './unit-place.ts';

const program = '/bin/launchctl';
const timeout = 60_000;

export const hasLaunchd = (host: HostReader): boolean => host.stat(program) !== undefined;

const domainOf = ({ user }: UnitPlace, host: HostReader): string => (user === undefined ? 'system' : `gui/${host.userId(user)}`);
const targetOf = (place: UnitPlace, host: HostReader): string => `${domainOf(place, host)}/${labelOf(place)}`;

/** State of jobs by label, one process per user. */
export async function surveyJobs(
  user: string | undefined,
  host: HostReader,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LiveUnit>> {
  const asUser: Argv = ['/bin/launchctl', 'asuser', String(user === undefined ? 0 : host.userId(user)), program, 'list'];
  const result = await host.query(user === undefined ? [program, 'list'] : asUser, signal, { timeout });
  if (result.exitCode !== 0) throw new Error(`launchctl list ${ending(result)}`);
  return parseList(result.stdout);
}

/** `PID Status Label` in three columns; "-" for a job that is loaded and does not run. */
export function parseList(text: string): ReadonlyMap<string, LiveUnit> {
  const rows = text.split('\n').flatMap((line) => {
    const [, pid, status = '', label] = /^(-|\d+)\t(-?\d+)\t(\S+)$/.exec(line) ?? [];
    return label === undefined ? [] : [[label, jobOf(pid !== '-', status)] as const];
  });
  return new Map(rows);
}

const jobOf = (isActive: boolean, exitStatus: string): LiveUnit => ({
  load: 'loaded',
  active: isActive ? 'active' : exitStatus === '0' ? 'inactive' : 'failed',
  sub: isActive ? 'running' : 'dead',
  result: isActive || exitStatus === '0' ? 'success' : 'exit-code',
  exitStatus,
  endsByItself: false,
  isOutdated: false,
  activeSince: 0,
  invocation: '',
});

/** Unloads what is to stop, and loads from its property list what is to start. */
export async function activateJobs(
  done: readonly Applied<UnitDesired>[],
  host: Host,
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  for (const { address, desired, changes } of done) {
    const to = changes.find(({ field }) => field === 'state')?.to;
    if (to === 'stopped') await unload(desired, host, signal);
    if (to !== 'started') continue;
    const message = await load(desired, host, signal);
    if (message !== undefined) failures.push({ address, message });
  }
  return failures;
}

export async function unload(place: UnitPlace, host: Host, signal: AbortSignal): Promise<void> {
  // It fails for a job that is not loaded, which is as good.
  await host.run([program, 'bootout', targetOf(place, host)], signal, { timeout });
}

/** Loads it again from its file, and starts it. Why not, if so. */
export async function load(place: UnitPlace, host: Host, signal: AbortSignal): Promise<string | undefined> {
  await unload(place, host, signal);
  for (const words of [
    ['bootstrap', domainOf(place, host), unitPath(place)],
    ['kickstart', targetOf(place, host)],
  ]) {
    const result = await host.run([program, ...words], signal, { timeout });
    if (result.exitCode !== 0) return `launchctl ${words.join(' ')} ${ending(result)}`;
  }
  return undefined;
}
