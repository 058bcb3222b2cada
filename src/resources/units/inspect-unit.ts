import type { HostReader } from '../../host/host.ts';
import type { InspectContext } from '../resource-type.ts';
import { formatMode } from '../file-mode.ts';
import type { LiveUnit, UnitSurvey } from './systemctl.ts';
import { isOwnUnit, managerOf, unitKey } from './systemctl.ts';
import { contentsOf, dropInField, dropInOf, type UnitDesired } from './unit-desired.ts';
import {
  aliasedUnit,
  definingFile,
  enablingLinks,
  foreignFile,
  generatedFrom,
  instanceLinks,
  missingLinks,
  standingLinks,
  type Generated,
} from './unit-links.ts';
import { dropInPath, isTemplate, lingerFile, runtimePath, templateOf, unitPath, type UnitPlace } from './unit-place.ts';

export type UnitFileState = {
  readonly type: 'absent' | 'file' | 'directory' | 'link' | 'other';
  readonly sha256: string | null;
  readonly mode: string | null;
  /** Whose it is, where it should be somebody else's. */
  readonly wrongOwner: string | null;
};

export type UnitState = {
  /** By field: `unit`, `drop_ins.NAME`, those of this resource now and when it was last applied. */
  readonly files: Readonly<Record<string, UnitFileState>>;
  /** Links to `/dev/null`. */
  readonly masks: readonly string[];
  /** Such a link stands for the template that it is an instance of. */
  readonly isTemplateMasked: boolean;
  /** The unit whose other name this is; null also where that makes no difference. */
  readonly aliasOf: string | null;
  /** The file of a package, or what else systemd would load without ours. */
  readonly foreign: string | null;
  /** Where a generator of systemd has made it. */
  readonly generated: Generated | null;
  /** Links that enabling would make and that do not stand. */
  readonly missingLinks: readonly string[];
  readonly links: readonly string[];
  /** Those that enabled it as it was last applied, and that its content does not ask for any more; of a template that goes, those of its instances. */
  readonly staleLinks: readonly string[];
  readonly canBeEnabled: boolean;
  /** Whether some file defines it. */
  readonly exists: boolean;
  /** Whether units run here; not under `--root`. */
  readonly isLiveHost: boolean;
  /** Whether the run is part of it. */
  readonly isOwn: boolean;
  /** Null where its manager does not run. */
  readonly live: LiveUnit | null;
  /** Of a user's unit: whether the user's manager runs and goes on without a login. Null where that is not asked. */
  readonly lingers: boolean | null;
};

export function inspectUnit(desired: UnitDesired, { host, last, survey }: InspectContext<UnitSurvey>): UnitState {
  const before = last as UnitDesired | undefined;
  const fields = new Set(['unit', ...contentsOf(desired).keys(), ...Object.keys(before?.dropIns ?? {}).map(dropInField)]);
  const files = Object.fromEntries([...fields].map((field) => [field, inspectFile(pathOf(field, desired), desired, host)]));
  const isTold = desired.enabled === false || desired.ensure !== 'present';
  const foreign = foreignFile(desired, host) ?? null;
  const template = templateOf(desired.name);
  return {
    files,
    masks: masksOf(desired, host),
    isTemplateMasked:
      template !== undefined && !host.stat(unitPath(desired)) && masksOf({ ...desired, name: template }, host).length > 0,
    aliasOf: (needsOwnName(desired) && aliasedUnit(desired, host)) || null,
    foreign,
    generated: (foreign !== null && definingFile(desired, host) === foreign && generatedFrom(desired, host)) || null,
    exists: foreign !== null || definingFile(desired, host) !== undefined,
    isLiveHost: host.live,
    isOwn: isOwnUnit(desired, host),
    missingLinks: desired.enabled === true ? [...missingLinks(desired, host, before).keys()] : [],
    links: isTold ? standingLinks(desired, host) : [],
    staleLinks: desired.ensure === 'present' ? staleLinks(desired, before, host) : instanceLinks(desired, host),
    canBeEnabled: desired.enabled !== true || enablingLinks(desired, host, before).size > 0,
    live: survey.units.get(unitKey(desired)) ?? null,
    lingers: host.live ? isLingering(desired, host) : null,
  };
}

function staleLinks(desired: UnitDesired, before: UnitDesired | undefined, host: HostReader): readonly string[] {
  const saysSo = ({ install, installDropIns }: UnitDesired): boolean => (install ?? installDropIns) !== undefined;
  if (desired.enabled !== true || before?.enabled !== true || !saysSo(before)) return [];
  const [wanted, made] = [enablingLinks(desired, host, before), enablingLinks(before, host)];
  return standingLinks(before, host).filter((link) => made.has(link) && !wanted.has(link));
}

/** Where the file of a field is. */
export function pathOf(field: string, place: UnitPlace): string {
  const dropIn = dropInOf(field);
  return dropIn === undefined ? unitPath(place) : dropInPath(place, dropIn);
}

function inspectFile(path: string, place: UnitPlace, host: HostReader): UnitFileState {
  const stat = host.stat(path);
  if (stat?.type !== 'file') return { type: stat?.type ?? 'absent', sha256: null, mode: null, wrongOwner: null };
  const owner = ownerOf(place, host).uid;
  const wrongOwner = host.privileged && owner !== undefined && stat.uid !== owner ? host.userName(stat.uid) : null;
  return { type: 'file', sha256: host.digest(path) ?? '', mode: formatMode(stat.mode), wrongOwner };
}

/** Whose the unit's files must be. Groups are left as they come. */
export function ownerOf({ user }: UnitPlace, host: HostReader): { readonly uid?: number } {
  if (!host.privileged) return {};
  const uid = user === undefined ? 0 : host.userId(user);
  return uid === undefined ? {} : { uid };
}

/** Links and masks go by the unit's own name. By any name it is started and stopped, gets drop-ins, and is replaced by a file. */
const needsOwnName = ({ manager, ensure, unit, enabled, masked }: UnitDesired): boolean =>
  manager === undefined &&
  unit === undefined &&
  (ensure === 'absent' || (ensure === 'present' && (enabled !== undefined || masked !== undefined)));

/** Links to `/dev/null` in the place of the unit. The runtime one counts for nothing where a file in `/etc` comes before it. */
export function masksOf(place: UnitPlace, host: HostReader): readonly string[] {
  const isMask = (path: string): boolean => host.stat(path)?.type === 'link' && host.readLink(path) === '/dev/null';
  const own = unitPath(place);
  if (host.stat(own) && !isMask(own)) return [];
  return [own, ...(place.user === undefined ? [runtimePath(place)] : [])].filter(isMask);
}

function isLingering(place: UnitPlace & Pick<UnitDesired, 'ensure'>, host: HostReader): boolean | null {
  const { user, ensure, name, manager } = place;
  if (user === undefined || manager === 'launchd' || ensure !== 'present' || isTemplate(name)) return null;
  if (!host.privileged && !managerOf(place, host))
    throw new Error(`the service manager of ${user} does not run; log in, or let root enable lingering`);
  return managerOf(place, host) !== undefined && (!host.privileged || host.stat(lingerFile(user)) !== undefined);
}
