import { dirname } from 'node:path/posix';
import type { Change } from '../../model/plan.ts';
import type { Host, HostReader } from '../../host/host.ts';
import type { ApplyContext } from '../resource-type.ts';
import { masksOf, ownerOf, pathOf } from './inspect-unit.ts';
import { contentsOf, dropInOf, fileMode, type UnitDesired } from './unit-desired.ts';
import { aliasedUnit, definingFile, enablingLinks, missingLinks, standingLinks } from './unit-links.ts';
import { dropInDirectory, lingerFile, unitPath } from './unit-place.ts';
import { verifyUnit } from './verify-units.ts';

const plistCheck = ['/usr/bin/plutil', '-lint', '%s'] as const;
const directoryMode = 0o755;

/** The file that a field of a diff is about; undefined for what is no file of the unit. */
function fileField(field: string): string | undefined {
  const plain = field.replace(/ (mode|owner)$/, '');
  return plain === 'unit' || dropInOf(plain) !== undefined ? plain : undefined;
}

/** Paths that `applyUnit` creates, replaces or removes for these changes. */
export function touchedPaths(desired: UnitDesired, changes: readonly Change[], host: HostReader): readonly string[] {
  return changes.flatMap(({ field, from, to }) => {
    if (field === 'links') return from as readonly string[];
    const file = fileField(field);
    if (file !== undefined) {
      const isLast = to === null && dropInOf(file) !== undefined && host.stat(dropInDirectory(desired)) !== undefined;
      return [...(isLast ? [dropInDirectory(desired)] : []), pathOf(file, desired)];
    }
    if (field === 'linger') return desired.user === undefined ? [] : [lingerFile(desired.user)];
    if (field === 'masked') return to === true ? [unitPath(desired)] : masksOf(desired, host);
    if (field !== 'enabled') return [];
    return to === true ? [...missingLinks(desired, host).keys()] : standingLinks(desired, host);
  });
}

/** Stages files and links. What systemd must be told of them waits until they stand. */
export async function applyUnit(
  desired: UnitDesired,
  changes: readonly Change[],
  { host, contents, signal, last }: ApplyContext,
): Promise<void> {
  const contentOf = contentsOf(desired);
  const isNewText = changes.some(({ field, to }) => to !== null && contentOf.has(field));
  if (isNewText && host.live) await verifyUnit(desired, contents, host, signal);
  if (desired.unit === undefined && changes.some(({ field }) => field === 'enabled' || field === 'masked')) {
    // A package of the same run may have brought it.
    const other = desired.ensure === 'present' ? aliasedUnit(desired, host) : undefined;
    if (other !== undefined) throw new Error(`${desired.name} is another name of ${other}; name that one`);
  }
  for (const { field, from, to } of changes) {
    const file = fileField(field);
    if (file !== undefined) {
      const path = pathOf(file, desired);
      const content = contentOf.get(file);
      if (to !== null && content) {
        const validate = desired.manager === 'launchd' ? { validate: plistCheck } : {};
        const attributes = { mode: fileMode, ...ownerOf(desired, host), ...validate };
        makeParents(path, desired, host);
        host.writeFile(path, contents.read(content), attributes);
      } else host.remove(path);
      if (to === null && dropInOf(file) !== undefined) host.removeDirectory(dropInDirectory(desired));
    } else if (field === 'linger') {
      if (desired.user !== undefined && !host.stat(lingerFile(desired.user)))
        host.writeFile(lingerFile(desired.user), Buffer.alloc(0), { mode: fileMode, uid: 0 });
    } else if (field === 'masked') {
      if (to === true) host.link(unitPath(desired), '/dev/null');
      else for (const path of masksOf(desired, host)) host.remove(path);
    } else if (field === 'links') for (const link of from as readonly string[]) host.remove(link);
    else if (field === 'enabled') setEnabled(desired, to === true, host, last as UnitDesired | undefined);
  }
}

function setEnabled(desired: UnitDesired, isEnabled: boolean, host: Host, last: UnitDesired | undefined): void {
  if (!isEnabled) {
    for (const link of standingLinks(desired, host)) host.remove(link);
    return;
  }
  if (!desired.install && definingFile(desired, host) === undefined)
    throw new Error(`${desired.name} does not exist on this host; give it a "unit", or install its package first`);
  if (enablingLinks(desired, host, last).size === 0)
    throw new Error(`${desired.name} cannot be enabled: it has no [Install] section`);
  for (const [link, target] of missingLinks(desired, host, last)) {
    makeParents(link, desired, host);
    host.link(link, target);
  }
}

/** Directories in a user's home belong to the user. */
function makeParents(path: string, place: UnitDesired, host: Host): void {
  const { home } = place;
  const parent = dirname(path);
  if (home === undefined || !parent.startsWith(`${home}/`) || host.stat(parent)) return;
  makeParents(parent, place, host);
  host.makeDirectory(parent, { mode: directoryMode, ...ownerOf(place, host) });
}
