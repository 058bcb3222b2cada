import { converged, type Change, type Diff } from '../../model/plan.ts';
import type { Refusal } from '../resource-type.ts';
import { formatMode } from '../file-mode.ts';
import type { UnitFileState, UnitState } from './inspect-unit.ts';
import { describeLive, isRunning, isUp } from './systemctl.ts';
import { contentsOf, dropInOf, fileMode, type UnitDesired } from './unit-desired.ts';
import { templateOf } from './unit-place.ts';

export function diffUnit(desired: UnitDesired, actual: UnitState): Diff {
  if (desired.ensure !== 'present') return diffGone(desired, actual);
  const changes = [...lingerChanges(actual), ...fileChanges(desired, actual), ...placeChanges(desired, actual)];
  const { live } = actual;
  const isOurs = contentsOf(desired).size > 0;
  if (live?.isOutdated === true && isOurs && !changes.some(({ field }) => field !== 'linger'))
    changes.push({ field: 'loaded', from: 'outdated', to: 'current' });
  changes.push(...stateChanges(desired, actual));
  if (changes.length === 0) return converged;
  const unit = actual.files['unit'];
  const isNew = desired.unit !== undefined && unit?.type === 'absent';
  const isOther = desired.unit !== undefined && unit?.type !== 'absent' && unit?.type !== 'file';
  return { action: isNew ? 'create' : isOther ? 'replace' : 'update', changes };
}

const lingerChanges = ({ lingers }: UnitState): Change[] =>
  lingers === false ? [{ field: 'linger', from: false, to: true }] : [];

function fileChanges(desired: UnitDesired, { files }: UnitState): Change[] {
  const changes: Change[] = [];
  for (const [field, { sha256 }] of contentsOf(desired)) {
    const found = files[field]!;
    if (found.sha256 !== sha256) changes.push({ field, from: shown(found), to: sha256 });
    else if (found.mode !== formatMode(fileMode))
      changes.push({ field: `${field} mode`, from: found.mode, to: formatMode(fileMode) });
    else if (found.wrongOwner !== null)
      changes.push({ field: `${field} owner`, from: found.wrongOwner, to: desired.user ?? 'root' });
  }
  return [...changes, ...leftDropIns(desired, files)];
}

/** Drop-ins that this resource made and no longer has. */
const leftDropIns = (desired: UnitDesired, files: UnitState['files']): Change[] =>
  Object.entries(files)
    .filter(([field, { type }]) => {
      const name = dropInOf(field);
      const isWanted = desired.ensure === 'present' && name !== undefined && Object.hasOwn(desired.dropIns, name);
      return name !== undefined && !isWanted && type !== 'absent';
    })
    .map(([field, found]) => ({ field, from: shown(found), to: null }));

function placeChanges(desired: UnitDesired, actual: UnitState): Change[] {
  const { masked, enabled, unit } = desired;
  const { masks, missingLinks, links, exists, isLiveHost, canBeEnabled } = actual;
  // What is refused below must differ, or nobody asks.
  const isAlias = actual.aliasOf !== null;
  const changes: Change[] = [];
  const isMasked = masks.length > 0;
  // A unit file takes the place of the link.
  const isReplaced = unit !== undefined && masks.length === 1 && !masks[0]!.startsWith('/run/');
  if (masked !== undefined && (isAlias || (masked !== isMasked && !isReplaced)))
    changes.push({ field: 'masked', from: !masked, to: masked });
  // One that an earlier step is to install is enabled once it is there; an image goes without.
  const isToCome = !exists && !unit && isLiveHost;
  const isGenerated = !unit && actual.generated !== null;
  const isImpossible = !unit && ((exists && !canBeEnabled && !isGenerated) || staysMasked(desired, actual));
  if (enabled === true && (missingLinks.length > 0 || isToCome || isImpossible || isAlias || isEnabledElsewhere(desired, actual)))
    changes.push({ field: 'enabled', from: false, to: true });
  if (actual.staleLinks.length > 0) changes.push({ field: 'links', from: actual.staleLinks, to: null });
  if (enabled === false && (links.length > 0 || isAlias || isEnabledElsewhere(desired, actual)))
    changes.push({ field: 'enabled', from: true, to: false });
  return changes;
}

/** Whether what a generator made it from says otherwise of its start at boot. No link in /etc changes that. */
const isEnabledElsewhere = ({ unit, enabled, masked }: UnitDesired, { generated, masks }: UnitState): boolean =>
  !unit &&
  generated !== null &&
  enabled !== undefined &&
  generated.isAtBoot !== enabled &&
  (enabled || (masked !== true && masks.length === 0));

const staysMasked = ({ masked }: UnitDesired, { masks, isTemplateMasked }: UnitState): boolean =>
  isTemplateMasked || (masked === undefined && masks.length > 0);

function stateChanges({ state }: UnitDesired, { live, isLiveHost }: UnitState): Change[] {
  if (!isLiveHost) return [];
  if (state === 'started' && !(live && isUp(live)))
    return [{ field: 'state', from: live ? describeLive(live) : 'not loaded', to: 'started' }];
  if (state === 'stopped' && live && isRunning(live)) return [{ field: 'state', from: describeLive(live), to: 'stopped' }];
  return [];
}

function diffGone(desired: UnitDesired, actual: UnitState): Diff {
  const { files, links, staleLinks, masks, live, foreign } = actual;
  const unit = files['unit']!;
  const isPruned = desired.ensure === 'pruned';
  const isOurs = !isPruned || desired.unit !== undefined;
  const changes: Change[] = [];
  // What a package brought goes on as it was.
  if (isOurs && foreign === null) {
    if (live && isRunning(live)) changes.push({ field: 'state', from: describeLive(live), to: 'stopped' });
    if (links.length > 0) changes.push({ field: 'enabled', from: true, to: false });
    if (staleLinks.length > 0) changes.push({ field: 'links', from: staleLinks, to: null });
  }
  if (!isPruned && foreign !== null) changes.push({ field: 'unit', from: foreign, to: null });
  else if (isOurs && unit.type !== 'absent') changes.push({ field: 'unit', from: shown(unit), to: null });
  else if (isPruned && desired.masked === true && masks.length > 0) changes.push({ field: 'masked', from: true, to: false });
  changes.push(...leftDropIns(desired, files));
  return changes.length === 0 ? converged : { action: 'remove', changes };
}

const shown = ({ type, sha256 }: UnitFileState): string | null => (type === 'absent' ? null : (sha256 ?? type));

/** Why it is not even tried. */
export function refusalsOf(desired: UnitDesired, actual: UnitState): readonly Refusal[] {
  const { name, ensure, unit, enabled, masked, state } = desired;
  const { files, foreign, masks, live, exists } = actual;
  const found: Refusal[] = [];
  const refuse = (message: string, hint?: string): unknown =>
    found.push({ code: 'unsafe-target', message: `${name} ${message}`, ...(hint !== undefined && { hint }) });
  for (const [field, { type }] of Object.entries(files))
    if (type === 'directory' || type === 'other') refuse(`cannot be managed: a ${type} stands where its ${field} belongs`);
  if (actual.aliasOf !== null) {
    refuse(`is another name of ${actual.aliasOf}`, 'name that one: it is enabled, masked or absent, not its other names');
    return found;
  }
  if (ensure === 'absent' && foreign !== null)
    refuse(
      `comes from ${actual.generated?.source ?? foreign}, which is not removed`,
      'remove its package, or use "masked: true" and "state: stopped"',
    );
  const isEnding = ensure !== 'present' || state === 'stopped' || contentsOf(desired).size > 0;
  if (actual.isOwn && isEnding && desired.refresh !== 'none')
    refuse('is what this run belongs to, and restarting it would end the run', 'use "refresh: none", or run reconcile by hand');
  if (ensure !== 'present') return found;
  if (masked === true && files['unit']?.type === 'file')
    refuse('cannot be masked: a file of its own stands there', 'use "ensure: absent"');
  if (staysMasked(desired, actual) && !unit && (enabled === true || state === 'started'))
    refuse(
      'is masked on this host',
      masks.length > 0 ? 'unmask it with "masked: false"' : `unmask its template, ${templateOf(name)}`,
    );
  if (isEnabledElsewhere(desired, actual)) {
    const verb = enabled ? 'is not' : 'is';
    refuse(
      `${verb} started at boot by what ${actual.generated!.source} says, from which systemd has made it`,
      elsewhereHint(desired, actual),
    );
  } else if (enabled === true && exists && !actual.canBeEnabled && !unit && actual.generated === null)
    refuse('cannot be enabled: it has no [Install] section', 'drop "enabled"; other units start it');
  if (state === 'started' && live?.endsByItself === true && unit === undefined)
    refuse('is a oneshot, which ends by itself and is never found started', 'drop "state", or start it by a timer');
  return found;
}

function elsewhereHint({ name, enabled }: UnitDesired, { generated }: UnitState): string {
  const [, script] = /^\/etc\/init\.d\/(.+)$/.exec(generated!.source) ?? [];
  const there = script === undefined ? 'change it there' : `run "update-rc.d ${script} ${enabled ? 'enable' : 'disable'}"`;
  return `${there}, or ${enabled ? `give ${name} a "unit"` : 'use "masked: true"'}`;
}
