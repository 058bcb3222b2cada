import { howItEnded, programError, wasKilled } from '../../model/how-it-ended.ts';
import { PassingError } from '../../model/passing-error.ts';
import type { ApplyContext, InspectContext } from '../resource-type.ts';
import { load, unload } from './launchctl.ts';
import { forgetFailures, instancesOf, reloadTimeout } from './run-unit.ts';
import {
  ending,
  isRunning,
  isUp,
  managerOf,
  order,
  surveyUnits,
  systemctl,
  unitKey,
  type Manager,
  type UnitSurvey,
} from './systemctl.ts';
import { runningBehind, startUnits } from './start-units.ts';
import type { UnitDesired } from './unit-desired.ts';
import { isTemplate, type UnitPlace } from './unit-place.ts';
import type { HostReader } from '../../host/host.ts';

/** How a unit ran before. */
interface UnitBefore extends UnitPlace {
  readonly timeout: number;
  readonly wasRunning: boolean;
  /** Else it was being started, perhaps again and again. Undo data of earlier versions does not say. */
  readonly wasUp?: boolean;
  /** Of a template, the instances that ran; of a socket, the service behind it that did. */
  readonly instances?: readonly string[];
  /** Those of them that were not up. */
  readonly starting?: readonly string[];
  /** Of a user's unit: whether the user's service manager ran. */
  readonly hadManager: boolean;
}

/** What takes back how a unit runs. Null where nothing runs. */
type UnitUndo = { readonly unit: UnitBefore | null };

export async function captureUnit(desired: UnitDesired, { host, survey, signal }: InspectContext<UnitSurvey>): Promise<UnitUndo> {
  if (!host.live) return { unit: null };
  const { name, user, home, manager, timeout } = desired;
  const live = survey.units.get(unitKey(desired));
  const place = { name, ...(user !== undefined && { user }), ...(home !== undefined && { home }), ...(manager && { manager }) };
  const wasRunning = live !== undefined && isRunning(live);
  const owner = managerOf(desired, host);
  const instances = owner ? await runningInstances(desired, owner, host, signal) : [];
  const unit = { ...place, timeout, wasRunning, wasUp: live !== undefined && isUp(live), hadManager: owner !== undefined };
  if (instances.length === 0) return { unit };
  const starting = instances.filter((instance) => !instance.wasUp).map((instance) => instance.name);
  return { unit: { ...unit, instances: instances.map((instance) => instance.name), starting } };
}

async function runningInstances(
  desired: UnitDesired,
  owner: Manager,
  host: HostReader,
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly wasUp: boolean }[]> {
  if (!isTemplate(desired.name))
    return (await runningBehind([desired], owner, host, signal)).map(({ name, live }) => ({ name, wasUp: isUp(live) }));
  const all = (await instancesOf(desired, owner, host, signal)).map((name) => ({ ...desired, name }));
  const { units } = await surveyUnits(all, { host, signal });
  return all.flatMap((instance) => {
    const live = units.get(unitKey(instance));
    return live && isRunning(live) ? [{ name: instance.name, wasUp: isUp(live) }] : [];
  });
}

/** Stops what did not run before, while its files still stand. */
export async function restoreUnit({ unit }: UnitUndo, { host, signal }: ApplyContext): Promise<void> {
  const manager = unit && managerOf(unit, host);
  if (!unit || !manager || unit.wasRunning) return;
  if (unit.manager === 'launchd') return unload(unit, host, signal);
  if (!unit.hadManager) {
    // With the manager, before the user itself may have to go.
    const uid = host.userId(unit.user!);
    const words = ['stop', `user@${uid}.service`, `user-runtime-dir@${uid}.service`];
    return order({ options: {}, words: [] }, words, reloadTimeout, host, signal);
  }
  // It fails for a unit that is not loaded, which is as good. What ran without this socket does so again afterwards.
  const names = isTemplate(unit.name) ? [unit.name] : [unit.name, ...(unit.instances ?? [])];
  const result = await host.run(systemctl(manager, 'stop', '--', ...names), signal, {
    ...manager.options,
    timeout: unit.timeout,
  });
  if (wasKilled(result)) throw new PassingError(`systemctl stop ${unit.name} ${howItEnded(result)}`);
  await forgetFailures([unit.name], manager, host, signal);
}

/** Starts what ran before, from its restored files. */
export async function resumeUnits(undos: readonly UnitUndo[], { host, signal }: ApplyContext): Promise<void> {
  const all = undos.flatMap(({ unit }) => unit ?? []);
  for (const job of all.filter(({ manager, wasRunning }) => manager === 'launchd' && wasRunning)) {
    const failure = await load(job, host, signal);
    if (failure !== undefined) throw new Error(failure);
  }
  const units = all.filter(({ manager }) => manager !== 'launchd');
  for (const own of Map.groupBy(units, ({ user }) => user).values()) {
    const manager = managerOf(own[0]!, host);
    if (!manager) continue;
    await order(manager, ['daemon-reload'], reloadTimeout, host, signal);
    const running: UnitBefore[] = [];
    // What a package of the same run started is gone with it.
    for (const unit of own.flatMap(withInstances))
      if (unit.wasRunning && (await isThere(unit, manager, host, signal))) running.push(unit);
    if (running.length === 0) continue;
    const namesOf = (some: readonly UnitBefore[]): readonly string[] => some.map(({ name }) => name);
    await forgetFailures(namesOf(running), manager, host, signal);
    const { up = [], starting = [] } = Object.groupBy(running, ({ wasUp }) => (wasUp === false ? 'starting' : 'up'));
    const timeout = Math.max(...running.map((unit) => unit.timeout));
    // Whether that ever gets up is not for the rollback to wait for: it did not before.
    if (starting.length > 0) await order(manager, ['start', '--no-block', '--', ...namesOf(starting)], timeout, host, signal);
    if (up.length === 0) continue;
    const { result } = await startUnits('start', up, { manager, timeout }, host, signal);
    if (result.exitCode !== 0) throw programError(result, `systemctl start ${namesOf(up).join(' ')} ${ending(result)}`);
  }
}

/** What ran is started again where a new text has ended it. */
const withInstances = (unit: UnitBefore): readonly UnitBefore[] => [
  unit,
  ...(unit.instances ?? []).map((name) => ({ ...unit, name, wasRunning: true, wasUp: !unit.starting?.includes(name) })),
];

async function isThere(
  { name, timeout }: UnitBefore,
  manager: NonNullable<ReturnType<typeof managerOf>>,
  host: ApplyContext['host'],
  signal: AbortSignal,
): Promise<boolean> {
  const words = systemctl(manager, 'show', '--property=LoadState', '--value', '--', name);
  const { stdout } = await host.run(words, signal, { ...manager.options, timeout });
  return stdout.trim() !== 'not-found';
}
