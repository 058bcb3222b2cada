import type { ContentRef } from '../../model/catalog.ts';
import type { InstalledPlace } from './unit-links.ts';
import type { UnitPlace } from './unit-place.ts';

/** One unit as it should be. What is undefined stays as it is found: units of packages are adopted. */
export interface UnitDesired extends InstalledPlace {
  /** pruned: what this resource brought is taken away, and an adopted unit is left alone. */
  readonly ensure: 'present' | 'absent' | 'pruned';
  readonly unit?: ContentRef;
  readonly dropIns: Readonly<Record<string, ContentRef>>;
  readonly enabled?: boolean;
  readonly state?: 'started' | 'stopped';
  readonly masked?: boolean;
  /** What a change of its own files, or a resource that notifies it, does to the running unit. */
  readonly refresh: 'restart' | 'reload' | 'none';
  /** How long it must stay up after it was started. Milliseconds. */
  readonly settle: number;
  /** Longest time that starting or stopping may take. Milliseconds. */
  readonly timeout: number;
  /** Units that a timer, a path or an automount starts: systemd does not start it before they are loaded. */
  readonly starts?: readonly UnitPlace[];
  /** User and group that its unit runs as. */
  readonly accounts: readonly string[];
}

export const fileMode = 0o644;

/** The managed files of a unit by the field that they are in a diff. */
export const contentsOf = ({ unit, dropIns }: UnitDesired): ReadonlyMap<string, ContentRef> =>
  new Map([
    ...(unit ? [['unit', unit] as const] : []),
    ...Object.entries(dropIns).map(([name, content]) => [dropInField(name), content] as const),
  ]);

const prefix = 'drop_ins.';
export const dropInField = (name: string): string => prefix + name;

/** The drop-in that a field is about. */
export const dropInOf = (field: string): string | undefined =>
  field.startsWith(prefix) ? field.slice(prefix.length) : undefined;

export const isPresent = ({ ensure }: UnitDesired): boolean => ensure === 'present';

/** An adopted unit goes on when it leaves git, without the drop-ins that it had there. */
export const staysOn = (desired: UnitDesired): boolean =>
  isPresent(desired) || (desired.ensure === 'pruned' && desired.unit === undefined);
