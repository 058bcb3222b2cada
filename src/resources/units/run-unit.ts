import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandResult, Host, HostReader } from '../../host/host.ts';
import { longestTimer } from '../../model/duration.ts';
import { programError, wasKilled } from '../../model/how-it-ended.ts';
import { makeFailure, PassingError } from '../../model/passing-error.ts';
import type { Applied, ApplyContext, Failure } from '../resource-type.ts';
import {
  ending,
  isOwnUnit,
  isRunning,
  isUp,
  managerOf,
  order,
  surveyUnits,
  systemctl,
  unitKey,
  type LiveUnit,
  type Manager,
} from './systemctl.ts';
import { activateJobs, load } from './launchctl.ts';
import { complain } from './unit-failure.ts';
import { lackingPartners, startUnits } from './start-units.ts';
import { definingFile } from './unit-links.ts';
import { isTemplate, type UnitPlace } from './unit-place.ts';
import { staysOn, type UnitDesired } from './unit-desired.ts';

/** A user's manager reads hundreds of units, on a slow disk. Milliseconds. */
export const reloadTimeout = 90_000;
const settlePause = 100;

/** A unit that this run has started, and since when it must be up without a break, in microseconds as `activeSince`. */
interface Started {
  readonly address: string;
  readonly desired: UnitDesired;
  readonly at: number;
}

interface Session {
  /** Units that have read everything that stands now, because they did not run before. */
  readonly fresh: Set<string>;
  /** Units that must prove that they stay up. */
  readonly started: Map<string, Started>;
  /** Units whose own files this run has changed: reloading them is not enough. */
  readonly changed: Set<string>;
  /** Units that could not be restarted and go on as they were before the run: what takes the run back has nothing to tell them. */
  readonly kept: Set<string>;
  /** Units that are started as soon as what they cannot be started without is there. */
  readonly waiting: Set<Applied<UnitDesired>>;
}

/** What one run did, by the host it holds. A crash forgets it; then a unit is restarted once more. */
const sessions = new WeakMap<Host, Session>();

function sessionOf(host: Host): Session {
  const session = sessions.get(host) ?? {
    fresh: new Set(),
    started: new Map(),
    changed: new Set(),
    kept: new Set(),
    waiting: new Set(),
  };
  sessions.set(host, session);
  return session;
}

const now = (): number => Number(process.hrtime.bigint() / 1000n);

/** Tells systemd of changed files once, then stops and starts what the batch wants stopped and started. */
export async function activateUnits(
  done: readonly Applied<UnitDesired>[],
  { host, signal }: ApplyContext,
): Promise<readonly Failure[]> {
  if (!host.live) return [];
  const failures: Failure[] = [];
  const jobs = done.filter(({ desired }) => desired.manager === 'launchd');
  if (jobs.length > 0) failures.push(...(await activateJobs(jobs, host, signal)));
  const rest = done.filter(({ desired }) => desired.manager !== 'launchd');
  for (const own of Map.groupBy(rest, ({ desired }) => desired.user).values()) {
    const [{ desired: first }] = own as [Applied<UnitDesired>];
    if (own.some(({ changes }) => changes.some(({ field }) => field === 'linger'))) await startManager(first.user!, host, signal);
    const manager = managerOf(first, host);
    // Without a manager nothing of it runs, and nothing is wanted to.
    if (!manager) continue;
    const gone = own.filter(({ changes }) => changes.some(({ field, to }) => field === 'unit' && to === null));
    // What goes may have been started by its timer since it was looked at.
    const goes = own.filter((unit) => gone.includes(unit) || unit.changes.some(({ to }) => to === 'stopped'));
    const instances = (await Promise.all(gone.map((unit) => instancesWithout(unit, manager, host, signal)))).flat();
    const stopped = [...goes.filter(({ desired }) => !isTemplate(desired.name)), ...instances];
    failures.push(...(await orderAll('stop', stopped, manager, host, signal)));
    const isOnlyState = own.every(({ changes }) => changes.every(({ field }) => field === 'state' || field === 'linger'));
    if (!isOnlyState) await order(manager, ['daemon-reload'], reloadTimeout, host, signal);
    // What has failed stays listed by systemd for as long as it counts as failed, also without its file.
    if (gone.length > 0) await forgetFailures(namesOf([...gone, ...instances]), manager, host, signal);
    for (const { desired, changes } of own)
      if (changes.some(({ field }) => field !== 'state' && field !== 'enabled')) sessionOf(host).changed.add(unitKey(desired));
    const started = own.filter(({ changes }) => changes.some(({ field, to }) => field === 'state' && to === 'started'));
    const due = await dueForStart([...takeWaiting(first.user, host), ...started], host, signal);
    const lacking = await lackingPartners(desiredOf(due), manager, host, signal);
    for (const unit of due) if (lacking.has(unit.desired)) sessionOf(host).waiting.add(unit);
    const ready = due.filter(({ desired }) => !lacking.has(desired));
    failures.push(...(await orderAll('restart', ready, manager, host, signal)));
  }
  return failures;
}

function takeWaiting(user: string | undefined, host: Host): readonly Applied<UnitDesired>[] {
  const { waiting } = sessionOf(host);
  const own = [...waiting].filter(({ desired }) => desired.user === user);
  for (const unit of own) waiting.delete(unit);
  return own;
}

/** The instances of a template that has gone, where no other file defines them. */
async function instancesWithout(
  unit: Applied<UnitDesired>,
  manager: Manager,
  host: Host,
  signal: AbortSignal,
): Promise<readonly Applied<UnitDesired>[]> {
  const { desired } = unit;
  if (!isTemplate(desired.name) || definingFile(desired, host) !== undefined) return [];
  return (await instancesOf(desired, manager, host, signal)).map((name) => ({ ...unit, desired: { ...desired, name } }));
}

async function startManager(user: string, host: Host, signal: AbortSignal): Promise<void> {
  const uid = host.userId(user);
  if (uid === undefined) throw new Error(`this host has no user "${user}"`);
  await order({ options: {}, words: [] }, ['start', `user@${uid}.service`], reloadTimeout, host, signal);
}

/**
 * What an earlier step of this run has started already (a package does) is left to those who notify it, unless it was started
 * without the files that have come since.
 */
async function dueForStart(
  wanted: readonly Applied<UnitDesired>[],
  host: Host,
  signal: AbortSignal,
): Promise<readonly Applied<UnitDesired>[]> {
  const { changed } = sessionOf(host);
  const { units } = await surveyUnits(desiredOf(wanted), { host, signal });
  return wanted.filter(({ desired }) => {
    const live = units.get(unitKey(desired));
    return !live || !isUp(live) || changed.has(unitKey(desired));
  });
}

const desiredOf = (done: readonly Applied<UnitDesired>[]): readonly UnitDesired[] => done.map(({ desired }) => desired);
const namesOf = (done: readonly Applied<UnitDesired>[]): readonly string[] => done.map(({ desired }) => desired.name);

async function orderAll(
  verb: 'restart' | 'stop',
  units: readonly Applied<UnitDesired>[],
  manager: Manager,
  host: Host,
  signal: AbortSignal,
): Promise<readonly Failure[]> {
  if (units.length === 0) return [];
  const names = namesOf(units);
  const timeout = Math.max(...desiredOf(units).map((desired) => desired.timeout));
  const isStart = verb === 'restart';
  if (isStart) await forgetFailures(names, manager, host, signal);
  const result = isStart
    ? await start('restart', desiredOf(units), { manager, timeout }, host, signal)
    : await host.run(systemctl(manager, verb, '--', ...names), signal, { ...manager.options, timeout });
  if (isStart) for (const { address, desired } of units) noteStart({ address, desired, at: now() }, host);
  if (result.exitCode === 0) return [];
  // What it has asked for may go on, and what runs may be what ran before.
  if (wasKilled(result)) throw new PassingError(`systemctl ${verb} ${names.join(' ')} ${ending(result)}`);
  const { units: live } = await surveyUnits(desiredOf(units), { host, signal });
  const failures: Failure[] = [];
  for (const { address, desired } of units) {
    const found = live.get(unitKey(desired));
    if ((found !== undefined && isUp(found)) === isStart) continue;
    const what = `cannot be ${isStart ? 'started' : 'stopped'}`;
    const message = await complain(what, desired, found, result, host, signal);
    failures.push({ address, message, ...(!isStart && { isPassing: isInUse(desired, found) }) });
  }
  return failures;
}

/** What was started before, and once more for its socket, must be up from now on. */
async function start(...[verb, units, how, host, signal]: Parameters<typeof startUnits>): Promise<CommandResult> {
  const { result, behind } = await startUnits(verb, units, how, host, signal);
  const { started } = sessionOf(host);
  for (const key of behind.map(unitKey)) if (started.has(key)) started.set(key, { ...started.get(key)!, at: now() });
  return result;
}

function noteStart(started: Started, host: Host): void {
  const session = sessionOf(host);
  const key = unitKey(started.desired);
  session.fresh.add(key);
  session.started.set(key, started);
}

/** Earlier crashes must not count against the next start. Units that are not loaded have none. */
export async function forgetFailures(names: readonly string[], manager: Manager, host: Host, signal: AbortSignal): Promise<void> {
  await host.run(systemctl(manager, 'reset-failed', '--', ...names), signal, manager.options);
}

/**
 * Restarts or reloads a running unit, and for a template every instance of it that runs. One that this run has started has read
 * everything already.
 */
export async function refreshUnit(desired: UnitDesired, address: string, context: ApplyContext): Promise<void> {
  const { host, signal } = context;
  const session = sessionOf(host);
  const key = unitKey(desired);
  const manager = managerOf(desired, host);
  if (!staysOn(desired) || desired.refresh === 'none' || !manager || session.fresh.has(key) || session.kept.has(key)) return;
  if (isTemplate(desired.name)) {
    for (const name of await instancesOf(desired, manager, host, signal)) {
      const instance = { ...desired, name };
      if (session.changed.has(key)) session.changed.add(unitKey(instance));
      await refreshUnit(instance, address, context);
    }
    return;
  }
  if (isOwnUnit(desired, host)) throw new Error('it is what this run belongs to, and restarting it would end the run');
  const live = (await surveyUnits([desired], { host, signal })).units.get(key);
  if (!live || !isDueForRefresh(live, desired)) return;
  if (desired.manager === 'launchd') {
    const failure = await load(desired, host, signal);
    if (failure !== undefined) throw new Error(failure);
    return;
  }
  if (live.active !== 'active') await forgetFailures([desired.name], manager, host, signal);
  const verb = desired.refresh === 'reload' && !session.changed.has(key) ? 'reload-or-restart' : 'restart';
  const { timeout } = desired;
  const result =
    verb === 'restart'
      ? await start(verb, [desired], { manager, timeout }, host, signal)
      : await host.run(systemctl(manager, verb, '--', desired.name), signal, { ...manager.options, timeout });
  session.started.set(key, { address, desired, at: now() });
  if (result.exitCode === 0) return;
  if (wasKilled(result)) throw new PassingError(`systemctl ${verb} ${desired.name} ${ending(result)}`);
  const after = (await surveyUnits([desired], { host, signal })).units.get(key);
  if (verb === 'restart' && after && isUp(after) && after.invocation === live.invocation) session.kept.add(key);
  throw makeFailure(await complain(`${verb} failed`, desired, after, result, host, signal), isInUse(desired, after));
}

/** What is mounted stays while somebody works in it, which says nothing of the revision. */
const isInUse = ({ name }: UnitPlace, live: LiveUnit | undefined): boolean =>
  /\.(mount|swap)$/.test(name) && live !== undefined && isUp(live);

/** Names of the instances of a template that the manager has loaded. */
export async function instancesOf(
  { name }: UnitPlace,
  manager: Manager,
  host: HostReader,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const pattern = name.replace('@.', '@*.');
  const argv = systemctl(manager, 'list-units', '--plain', '--no-legend', '--full', '--', pattern);
  const result = await host.query(argv, signal, { ...manager.options, timeout: reloadTimeout });
  if (result.exitCode !== 0) throw programError(result, `systemctl list-units ${ending(result)}`);
  return result.stdout.split('\n').flatMap((line) => line.split(' ', 1).filter((word) => word !== ''));
}

/**
 * What is stopped stays so; what has failed though it should run gets another chance. A job that ends by itself is not cut off: it
 * reads everything anew whenever it is started.
 */
const isDueForRefresh = (live: LiveUnit, { state }: UnitDesired): boolean =>
  !live.endsByItself && (isRunning(live) || (live.active === 'failed' && state === 'started'));

/** Waits until every unit that this run has started was up for its settle time, without having been started again. */
export async function settleUnits({ host, signal }: ApplyContext): Promise<readonly Failure[]> {
  const session = sessions.get(host);
  const failures: Failure[] = [];
  for (const [user, units] of Map.groupBy(session?.waiting ?? [], ({ desired }) => desired.user)) {
    const manager = managerOf(units[0]!.desired, host);
    takeWaiting(user, host);
    if (manager) failures.push(...(await orderAll('restart', units, manager, host, signal)));
  }
  const waiting = [...(session?.started.values() ?? [])].filter(({ desired }) => desired.settle > 0 && staysOn(desired));
  session?.started.clear();
  if (waiting.length === 0 || failures.length > 0) return failures;
  const end = Math.max(...waiting.map(({ at, desired }) => at + desired.settle * 1000));
  const left = (): number => Math.ceil((end - now()) / 1000);
  while (left() > 0) await sleep(Math.min(Math.max(settlePause, left()), longestTimer), undefined, { signal });
  const { units } = await surveyUnits(
    waiting.map(({ desired }) => desired),
    { host, signal },
  );
  for (const { address, desired, at } of waiting) {
    const live = units.get(unitKey(desired));
    if (live && isUp(live) && live.activeSince <= at) continue;
    const what = live && isUp(live) ? 'had to be started again' : 'did not stay up';
    const message = `${what} within ${desired.settle / 1000} s`;
    failures.push({ address, message: await complain(message, desired, live, undefined, host, signal) });
  }
  return failures;
}
