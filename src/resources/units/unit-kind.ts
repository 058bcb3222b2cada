import { ownAccount } from '../../host/own-account.ts';
import type { HostReader } from '../../host/host.ts';
import { changesOf, type Change, type Preview } from '../../model/plan.ts';
import type { ContentRef, Contents } from '../../model/catalog.ts';
import type { ApplyContext, Misfit, PrepareContext, Vocabulary } from '../resource-type.ts';
import { standingContent } from '../standing-content.ts';
import { otherHomeOf } from '../user-account.ts';
import { hasLaunchd } from './launchctl.ts';
import { applyUnit, touchedPaths } from './apply-unit.ts';
import { diffUnit, refusalsOf } from './diff-unit.ts';
import { inspectUnit, pathOf } from './inspect-unit.ts';
import { activateUnits, refreshUnit, settleUnits } from './run-unit.ts';
import { captureUnit, restoreUnit, resumeUnits } from './undo-unit.ts';
import { surveyUnits } from './systemctl.ts';
import { contentsOf, dropInOf, isPresent, staysOn, type UnitDesired } from './unit-desired.ts';
import { dropInPath, unitDirectory, templateOf, unitId, unitPath, type UnitPlace } from './unit-place.ts';

const rootHome = '/root';

/** The attributes that units of every kind have. */
export const unitAttributes = ({ z, absolutePath, accountName, duration }: Vocabulary) => ({
  user: accountName.optional().meta({
    description: "Manage it in this user's own service manager, which is kept running without a login, instead of the system's.",
  }),
  home: absolutePath.optional().meta({ description: 'Home of that user; /home/USER unless told (/root for root).' }),
  enabled: z.boolean().optional().meta({ description: 'Whether it is started at boot, as its [Install] section says.' }),
  state: z.enum(['started', 'stopped']).optional().meta({ description: 'Whether it runs now. Needs a live host.' }),
  masked: z.boolean().optional().meta({ description: 'true: nothing can start it, not even by hand.' }),
  timeout: duration.default('90s').meta({ description: 'Longest time that starting or stopping may take.' }),
  ensure: z.enum(['present', 'absent']).default('present').meta({
    description: 'absent: stopped, disabled, and no unit file in /etc/systemd; units of packages are not removed.',
  }),
});

interface PlaceAttributes {
  readonly name: string;
  readonly user?: string | undefined;
  readonly home?: string | undefined;
}

export const unitName = ({ z }: Vocabulary) =>
  z
    .string()
    .max(250)
    .regex(/^[A-Za-z0-9][A-Za-z0-9:_.@\\-]*$/, 'expected a unit name such as "nginx" or "getty@tty1"');

/** `name` has its suffix already. */
export const placeOf = (name: string, { user, home }: PlaceAttributes): UnitPlace =>
  user === undefined ? { name } : { name, user, home: home ?? (user === 'root' ? rootHome : `/home/${user}`) };

/** A unit's text is for everybody to read: `systemctl cat` shows it. */
export function withoutSecret(
  content: ContentRef | undefined,
  attribute: string,
  context: PrepareContext,
): ContentRef | undefined {
  if (content?.sensitive !== true) return content;
  const message =
    'a secret cannot stand in a unit, which everybody on the host can read; use EnvironmentFile= or LoadCredential=';
  context.problem(attribute, message, undefined, 'secret-not-allowed');
  return undefined;
}

/** Everything but `spec` and `prepare` of the kinds that are units. */
export const unitKind = (kind: string, suffix: string) => {
  const addressOf = (desired: UnitPlace): string => `${kind}[${unitId(desired, suffix)}]`;
  const templateAddress = (desired: UnitDesired): readonly string[] => {
    const name = templateOf(desired.name);
    return name === undefined ? [] : [addressOf({ ...desired, name })];
  };
  return {
    survey: surveyUnits,
    inspect: inspectUnit,
    diff: diffUnit,
    apply: applyUnit,
    watches: watchedPaths,
    owns: ownedPaths,
    touches: (desired: UnitDesired, changes: readonly Change[], host: HostReader) => [
      ...new Set(touchedPaths(desired, changes, host)),
    ],
    undo: {
      outside: true as const,
      capture: captureUnit,
      restore: restoreUnit,
      resume: resumeUnits,
    },
    preview: previewUnit,
    refresh: (desired: UnitDesired, context: ApplyContext) => refreshUnit(desired, addressOf(desired), context),
    refreshesItself: (desired: UnitDesired, changes: readonly Change[]): boolean =>
      staysOn(desired) && desired.refresh !== 'none' && changes.some(isDefinition) && !changes.some(startsOrStops),
    activate: activateUnits,
    settle: settleUnits,
    requires: (desired: UnitDesired): readonly string[] => [
      ...(desired.user === undefined ? [] : [`user[${desired.user}]`]),
      ...templateAddress(desired),
      ...(desired.starts ?? []).map((place) => `service[${unitId(place, 'service')}]`),
      ...desired.accounts,
    ],
    misfit(desired: UnitDesired, required: Parameters<typeof otherHomeOf>[0]): Misfit | undefined {
      const { user, home, enabled } = desired;
      const isInHome = isPresent(desired) && (enabled !== undefined || ownedPaths(desired).length > 0);
      const other = user !== undefined && isInHome ? otherHomeOf(required, user, home!) : undefined;
      const message = `the home of ${user} is ${other}, where its service manager looks for units`;
      return other === undefined ? undefined : { message, hint: `add "home: ${other}"` };
    },
    absent: (desired: UnitDesired): UnitDesired => ({ ...desired, ensure: 'pruned' }),
    unsupported: unsupportedUnit,
    asks: ({ state, enabled, install, installDropIns }: UnitDesired, host: HostReader): boolean =>
      (host.live && state !== undefined) ||
      (enabled !== undefined && (!install || install.also.length > 0 || installDropIns !== undefined)),
    leavesOut: ({ state }: UnitDesired): string | undefined => (state === undefined ? undefined : 'its state needs a live host'),
    refuses: refusalsOf,
    units: ({ name }: UnitDesired): readonly string[] => [name],
    ordered: true as const,
  };
};

/** What the running unit does not know of until it is restarted. */
const isDefinition = ({ field }: Change): boolean => field === 'unit' || field === 'loaded' || dropInOf(field) !== undefined;

/** It reads its files when it starts. */
const startsOrStops = ({ field }: Change): boolean => field === 'state';

function ownedPaths(desired: UnitDesired): readonly string[] {
  const { unit, masked, ensure, dropIns } = desired;
  const hasUnit = unit !== undefined || masked !== undefined || ensure === 'absent';
  return [...(hasUnit ? [unitPath(desired)] : []), ...Object.keys(dropIns).map((name) => dropInPath(desired, name))];
}

function watchedPaths(desired: UnitDesired): readonly string[] {
  const { enabled, install, name } = desired;
  const link = (kindOfLink: string) => (target: string) => `${unitDirectory(desired)}/${target}.${kindOfLink}/${name}`;
  const links =
    enabled !== undefined && install ? [...install.wantedBy.map(link('wants')), ...install.requiredBy.map(link('requires'))] : [];
  return [...ownedPaths(desired), ...links];
}

function* previewUnit(
  desired: UnitDesired,
  changes: readonly Change[],
  { host, contents }: { readonly host: HostReader; readonly contents: Contents },
): Generator<Preview> {
  const wanted = contentsOf(desired);
  for (const { field, to } of changesOf({ action: 'update', changes })) {
    if (field !== 'unit' && dropInOf(field) === undefined) continue;
    const path = pathOf(field, desired);
    const content = to === null ? undefined : wanted.get(field);
    yield { path, before: standingContent(path, host), after: content && contents.read(content) };
  }
}

function unsupportedUnit({ user, manager }: UnitDesired, host: HostReader): string | undefined {
  if (!host.live) return undefined;
  if (manager === 'launchd') {
    if (!hasLaunchd(host)) return 'needs macOS';
  } else if (!host.stat('/run/systemd/system')) return 'needs systemd, which does not run here';
  if (host.privileged) return undefined;
  if (user === undefined) return 'needs root';
  return user === ownAccount().name ? undefined : `needs root to manage units of ${user}`;
}
