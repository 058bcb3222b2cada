import type { ApplyContext, InspectContext } from '../resource-type.ts';
import { load, unload } from './launchctl.ts';
import { forgetFailures, reloadTimeout } from './run-unit.ts';
import { isRunning, managerOf, order, systemctl, unitKey, type UnitSurvey } from './systemctl.ts';
import type { UnitDesired } from './unit-desired.ts';
import type { UnitPlace } from './unit-place.ts';

/** How a unit ran before. */
interface UnitBefore extends UnitPlace {
  readonly timeout: number;
  readonly wasRunning: boolean;
  /** Of a user's unit: whether the user's service manager ran. */
  readonly hadManager: boolean;
}

/** What takes back how a unit runs. Null where nothing runs. */
export type UnitUndo = { readonly unit: UnitBefore | null };

export function captureUnit(desired: UnitDesired, { host, survey }: InspectContext<UnitSurvey>): UnitUndo {
  if (!host.live) return { unit: null };
  const { name, user, home, manager, timeout } = desired;
  const live = survey.units.get(unitKey(desired));
  const place = { name, ...(user !== undefined && { user }), ...(home !== undefined && { home }), ...(manager && { manager }) };
  const wasRunning = live !== undefined && isRunning(live);
  return { unit: { ...place, timeout, wasRunning, hadManager: managerOf(desired, host) !== undefined } };
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
  // It fails for a unit that is not loaded, which is as good.
  await host.run(systemctl(manager, 'stop', '--', unit.name), signal, { ...manager.options, timeout: unit.timeout });
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
    for (const unit of own) if (unit.wasRunning && (await isThere(unit, manager, host, signal))) running.push(unit);
    if (running.length === 0) continue;
    const names = running.map(({ name }) => name);
    await forgetFailures(names, manager, host, signal);
    await order(manager, ['start', '--', ...names], Math.max(...running.map(({ timeout }) => timeout)), host, signal);
  }
}

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
