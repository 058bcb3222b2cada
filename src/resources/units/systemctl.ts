import type { Argv, CommandOptions, CommandResult, Host, HostReader } from '../../host/host.ts';
import { howItEnded, programError } from '../../model/how-it-ended.ts';
import { lastLines } from '../../model/last-lines.ts';
import type { SurveyContext } from '../resource-type.ts';
import { isTemplate, labelOf, type UnitPlace } from './unit-place.ts';

/** What `systemctl show` says of one unit. */
export interface LiveUnit {
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string;
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`. */
  readonly active: string;
  readonly sub: string;
  readonly result: string;
  /** Of the main process, as far as it has ended. */
  readonly exitStatus: string;
  /** A oneshot that ends by itself. */
  readonly endsByItself: boolean;
  /** Its files have changed since they were loaded. */
  readonly isOutdated: boolean;
  /** When it became active, on the clock of `process.hrtime`. Microseconds; 0: never. */
  readonly activeSince: number;
  /** Another one for every start. */
  readonly invocation: string;
}

/** One service manager: the system's, or a user's. */
export interface Manager {
  /** Starts a program that talks to this manager. */
  readonly options: CommandOptions;
  readonly words: readonly string[];
}

export interface UnitSurvey {
  readonly units: ReadonlyMap<string, LiveUnit>;
}

const properties =
  'Id,LoadState,ActiveState,SubState,Result,ExecMainStatus,Type,RemainAfterExit,NeedDaemonReload,ActiveEnterTimestampMonotonic,InvocationID';
const fixed = ['--no-ask-password', '--no-pager', '--plain'] as const;
export const showTimeout = 30_000;

/** Names a unit among those of all managers. */
export const unitKey = ({ name, user }: UnitPlace): string => (user === undefined ? name : `${user}/${name}`);

/** Undefined while the user does not exist or has no manager running. */
export function managerOf({ user, manager }: Pick<UnitPlace, 'user' | 'manager'>, host: HostReader): Manager | undefined {
  if (user === undefined || manager === 'launchd') return { options: {}, words: [] };
  const uid = host.userId(user);
  const runtime = `/run/user/${uid}`;
  if (uid === undefined || !host.stat(`${runtime}/systemd/private`)) return undefined;
  return { options: { user, env: { XDG_RUNTIME_DIR: runtime } }, words: ['--user'] };
}

export const systemctl = ({ words }: Manager, ...rest: readonly string[]): Argv => ['systemctl', ...words, ...fixed, ...rest];

/** Whether this very process is part of the unit: stopping it would end the run half-way. */
export function isOwnUnit({ name, user }: UnitPlace, host: HostReader): boolean {
  if (!host.live || user !== undefined) return false;
  const groups = host.readFile('/proc/self/cgroup')?.toString('utf8') ?? '';
  return groups.split('\n').some((line) => line.split('/').includes(name));
}

/** State of units, one process per manager. Units of a user whose manager does not run are left out. */
export async function surveyUnits(places: readonly UnitPlace[], { host, signal }: SurveyContext): Promise<UnitSurvey> {
  const units = new Map<string, LiveUnit>();
  if (!host.live) return { units };
  const isJob = (place: UnitPlace): boolean => place.manager === 'launchd';
  for (const [user, own] of Map.groupBy(places.filter(isJob), (place) => place.user)) {
    const { surveyJobs } = await import('./launchctl.ts');
    const jobs = await surveyJobs(user, host, signal);
    for (const place of own) {
      const job = jobs.get(labelOf(place));
      if (job) units.set(unitKey(place), job);
    }
  }
  const isUnit = (place: UnitPlace): boolean => !isJob(place);
  for (const [user, own] of Map.groupBy(places.filter(isUnit), (place) => place.user)) {
    const manager = managerOf(own[0]!, host);
    const names = [...new Set(own.map(({ name }) => name))].filter((name) => !isTemplate(name));
    if (!manager || names.length === 0) continue;
    const argv = systemctl(manager, 'show', `--property=${properties}`, '--', ...names);
    const result = await host.query(argv, signal, { ...manager.options, timeout: showTimeout });
    // A user's manager that is about to end leaves its socket behind for a moment.
    if (result.exitCode !== 0 && user !== undefined && result.stderr.includes('Failed to connect')) continue;
    if (result.exitCode !== 0) throw programError(result, `systemctl show ${ending(result)}`);
    const shown = parseShow(result.stdout);
    if (shown.length !== names.length)
      throw new Error(`systemctl show told of ${shown.length} units when asked for ${names.length}`);
    names.forEach((name, index) => units.set(unitKey({ name, ...(user !== undefined && { user }) }), shown[index]!));
  }
  return { units };
}

/** One block of `Key=value` lines per unit, in the order in which they were asked for. */
export const parseBlocks = (text: string): readonly ReadonlyMap<string, string>[] =>
  text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== '')
    .map(
      (block) =>
        new Map(
          block.split('\n').map((line) => {
            const at = line.indexOf('=');
            return [line.slice(0, at), line.slice(at + 1)] as const;
          }),
        ),
    );

export function parseShow(text: string): readonly LiveUnit[] {
  return parseBlocks(text).map((values) => {
    const of = (key: string): string => values.get(key) ?? '';
    return {
      load: of('LoadState'),
      active: of('ActiveState'),
      sub: of('SubState'),
      result: of('Result'),
      exitStatus: of('ExecMainStatus'),
      endsByItself: of('Type') === 'oneshot' && of('RemainAfterExit') !== 'yes',
      isOutdated: of('NeedDaemonReload') === 'yes',
      activeSince: Number(of('ActiveEnterTimestampMonotonic') || 0),
      invocation: of('InvocationID'),
    };
  });
}

/** Whether it runs or is about to. */
export const isRunning = ({ active }: LiveUnit): boolean => ['active', 'reloading', 'refreshing', 'activating'].includes(active);

/** Whether it is up: a unit between two tries of `Restart=` is not. */
export const isUp = ({ active }: LiveUnit): boolean => active === 'active' || active === 'reloading' || active === 'refreshing';

/** `failed (exit-code, status 203)`, `activating (auto-restart)`. */
export function describeLive({ active, sub, result, exitStatus }: LiveUnit): string {
  const isMain = Number(exitStatus) !== 0;
  const exit = isMain ? `exit status ${exitStatus}` : 'a program that it runs before or after its own failed';
  const how = result === '' || result === 'success' ? sub : result === 'exit-code' ? exit : result;
  return how === active ? active : `${active} (${how})`;
}

/** Runs one systemctl command that changes something. Throws with what it said. */
export async function order(
  manager: Manager,
  words: readonly string[],
  timeout: number,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const result = await host.run(systemctl(manager, ...words), signal, { ...manager.options, timeout });
  if (result.exitCode !== 0) throw programError(result, `systemctl ${words.join(' ')} ${ending(result)}`);
}

export function ending(result: CommandResult): string {
  const said = lastLines(result.stderr.trim());
  return `${howItEnded(result)}${said && `: ${said}`}`;
}
