import { milliseconds } from '../../model/duration.ts';
import { converged, type Action, type Change, type Diff } from '../../model/plan.ts';
import { mayRenewIndex } from '../apt.ts';
import { conffilesOf, isGone, readPackages, type PackageRecord, type PackageTable } from '../dpkg.ts';
import { changePackages, foresee, needsOf, type PackageDesired } from '../package-change.ts';
import { capturePackages, restorePackages, type PackageUndo } from '../package-undo.ts';
import { resumeUfw } from '../ufw-undo.ts';
import { defineResourceType, type Refusal, type Vocabulary } from '../resource-type.ts';

const spec = ({ z, absolutePath, duration }: Vocabulary) => {
  const name = z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9+.-]{0,126}[a-z0-9+.])?(?::[a-z0-9-]{1,32})?$/,
      'expected a package name in lower case, such as "nginx-light"',
    );
  const version = z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.+~:-]{0,127}\*?$/, 'expected a version such as "1.6-2", or its beginning and a "*"')
    .meta({ description: 'Exact, or its beginning and a "*".' });
  return z
    .strictObject({
      name: z.string().min(1).max(200).optional().meta({ description: 'Names the resource; else its packages do.' }),
      names: z
        .array(name, 'expected a list of packages, such as [nginx]; "name" only names the resource')
        .min(1)
        .max(500)
        .meta({ description: 'Packages, changed together in one transaction.' }),
      ensure: z
        .enum(['present', 'absent'])
        .default('present')
        .meta({ description: 'absent: removed, and what depends on them only if may_remove says so.' }),
      versions: z
        .record(name, version)
        .default({})
        .meta({ description: 'Versions by name; without one any version that is installed will do, else the newest is taken.' }),
      hold: z
        .boolean()
        .optional()
        .meta({ description: "Whether upgrades leave them alone; without it holds are nobody's business here." }),
      purge: z.boolean().default(false).meta({
        description:
          'With "ensure: absent": their configuration files go too, and what their scripts delete then does not come back.',
      }),
      recommends: z.boolean().default(true).meta({ description: 'Whether recommended packages are installed with them.' }),
      may_remove: z.array(name).default([]).meta({ description: 'Other packages that may be removed to make this possible.' }),
      sources: z
        .array(absolutePath)
        .default([])
        .meta({ description: 'Files in /etc/apt/sources.list.d that the packages come from, when the same run writes them.' }),
      timeout: duration
        .default('10m')
        .meta({ description: 'Longest time for all of it, waiting for other users of dpkg included.' }),
    })
    .superRefine(({ names, versions, ensure }, context) => {
      for (const key of Object.keys(versions))
        if (!names.includes(key))
          context.addIssue({ code: 'custom', path: ['versions', key], message: `is not among the names` });
      if (ensure === 'absent' && Object.keys(versions).length > 0)
        context.addIssue({ code: 'custom', path: ['versions'], message: 'what is absent has no version' });
      if (new Set(names).size < names.length)
        context.addIssue({ code: 'custom', path: ['names'], message: 'has the same package twice' });
    });
};

/** All packages, and which of them the resources of this host want, as `whoIs` tells them apart. */
interface Survey {
  readonly table: PackageTable;
  readonly wanted: ReadonlySet<string | PackageRecord>;
  readonly unwanted: ReadonlySet<string | PackageRecord>;
}

/** The same package has a name with its architecture and one without. */
const whoIs = (name: string, { find }: PackageTable): string | PackageRecord => find(name) ?? name;

type Seen = { readonly status: string; readonly version: string; readonly isHeld: boolean };

type State = {
  /** By name, of those that are there at all. */
  readonly packages: Readonly<Record<string, Seen>>;
  /** Left git here, but others want them. */
  readonly kept: readonly string[];
  /** What apt would remove besides. */
  readonly collateral: readonly { readonly name: string; readonly version: string }[];
  /** Why it cannot be done. */
  readonly faults: readonly string[];
  readonly contradicted: readonly string[];
};

/** Debian packages, through apt. */
export const packageType = defineResourceType({
  kind: 'package',
  summary:
    'Debian packages, installed or removed in one transaction that never asks. Those that stood before stay when they leave git.',
  spec,
  identify: ({ name, names }) => name ?? names.toSorted().join(' '),

  prepare: ({ names, versions, hold, ensure, purge, recommends, may_remove, sources, timeout }): PackageDesired => ({
    names: names.toSorted(),
    versions,
    ...(hold !== undefined && { hold }),
    ensure,
    purge,
    recommends,
    mayRemove: may_remove,
    sources,
    timeout: milliseconds(timeout),
  }),

  async survey(all: readonly PackageDesired[], { host, signal }): Promise<Survey> {
    const table = await readPackages(host, signal);
    const named = (wanted: PackageDesired['ensure']) =>
      new Set(all.flatMap(({ names, ensure }) => (ensure === wanted ? names.map((name) => whoIs(name, table)) : [])));
    return { table, wanted: named('present'), unwanted: named('absent') };
  },

  async inspect(desired: PackageDesired, { host, survey, signal }): Promise<State> {
    const { names, ensure, sources } = desired;
    const { table, wanted, unwanted } = survey;
    const others = ensure === 'pruned' ? names.filter((name) => wanted.has(whoIs(name, table))) : [];
    const mine = { ...desired, names: names.filter((name) => !others.includes(name)) };
    const { collateral, faults, isOfIndex } = await foresee(mine, needsOf(mine, table.find), table, host, signal);
    const packages = Object.fromEntries(mine.names.flatMap((name) => seen(name, table)));
    // What left git is not worth a conflict: it stays where something else needs it.
    if (ensure === 'pruned' && faults.length > 0) return { packages, kept: names, collateral: [], faults: [], contradicted: [] };
    const rivals = ensure === 'present' ? unwanted : ensure === 'absent' ? wanted : new Set();
    return {
      packages,
      kept: others,
      collateral,
      // With a newer index, which is not to be had by looking, apt may think otherwise.
      faults: ensure === 'present' && isOfIndex && mayRenewIndex(sources, host) ? [] : faults,
      contradicted: names.filter((name) => rivals.has(whoIs(name, table))),
    };
  },

  diff(desired, { packages, kept, collateral }): Diff {
    const mine = { ...desired, names: desired.names.filter((name) => !kept.includes(name)) };
    const find = (name: string) => packages[name] && { ...packages[name], fullName: name, name, architecture: '' };
    const { install, remove, hold, unhold } = needsOf(mine, find);
    const isThere = (name: string): boolean => packages[name]?.status === 'installed';
    const changes: Change[] = [
      ...install.map((name) => ({ field: name, from: shown(packages[name]), to: desired.versions[name] ?? 'installed' })),
      ...remove.map((name) => ({ field: name, from: shown(packages[name]), to: null })),
      ...(install.length + remove.length > 0
        ? collateral.map(({ name, version }) => ({ field: name, from: version, to: null }))
        : []),
      ...hold.filter((name) => !packages[name]?.isHeld).map((name) => ({ field: `${name} hold`, from: false, to: true })),
      ...unhold.filter(() => desired.hold === false).map((name) => ({ field: `${name} hold`, from: true, to: false })),
    ];
    if (changes.length === 0) return converged;
    const action: Action = remove.length > 0 ? 'remove' : install.some((name) => !isThere(name)) ? 'create' : 'update';
    return { action, changes };
  },

  refuses({ ensure }, { faults, contradicted }): readonly Refusal[] {
    const verb = ensure === 'present' ? 'installed' : 'removed';
    return [
      ...faults.map((fault) => ({ code: 'unsatisfiable-package' as const, message: `cannot be ${verb} so: ${fault}` })),
      ...contradicted.map((name) => ({
        code: 'duplicate-resource' as const,
        message: `${name} is wanted by one resource and unwanted by another`,
        hint: 'let one of them name it',
      })),
    ];
  },

  apply: (desired, changes, { host, signal }) =>
    changePackages({ ...desired, names: desired.names.filter((name) => concerns(name, changes)) }, host, signal),

  undo: {
    outside: true,
    capture: (desired, { host, signal }): Promise<PackageUndo> => capturePackages(desired, host, signal),
    restore: (undo, { host, signal }) => restorePackages(undo, host, signal),
    resume: (undos, { host, signal }) =>
      resumeUfw(
        undos.flatMap(({ ufw }) => ufw ?? []),
        host,
        signal,
      ),
  },

  watches: () => ['/var/lib/dpkg/status'],
  touches: ({ purge }, changes, host) =>
    purge ? changes.flatMap(({ field, to }) => (to === null ? conffilesOf(field, host) : [])) : [],
  shared: true,
  requires: ({ sources }) => sources.map((path) => `file[${path}]`),
  parts: {
    of: ({ names, ensure }) => (ensure === 'present' ? names : []),
    async standing(all, host, signal) {
      const { find } = await readPackages(host, signal);
      return all.flatMap(({ names }) => names.filter((name) => !isGone(find(name))));
    },
    pruned(desired, made): PackageDesired | undefined {
      const names = desired.names.filter((name) => made.includes(name));
      return names.length === 0 ? undefined : { ...desired, names, versions: {}, ensure: 'pruned' };
    },
  },
  unsupported(_desired, host) {
    if (!host.live) return 'needs a live host';
    if (!host.stat('/usr/bin/apt-get') || !host.stat('/usr/bin/dpkg')) return 'needs apt, which this host does not have';
    return host.privileged ? undefined : 'needs root to change packages';
  },
  commands: () => ['apt-get'],
  packages: (_desired, changes) =>
    changes.map(({ field, to }) => ({ name: field.replace(/ hold$/, ''), isRemoved: to === null })),
  ordered: true,
});

/** What others still want is not in the changes, and is left alone. */
const concerns = (name: string, changes: readonly Change[]): boolean =>
  changes.some(({ field }) => field === name || field === `${name} hold`);

function seen(name: string, table: PackageTable): readonly (readonly [string, Seen])[] {
  const record = table.find(name);
  return record ? [[name, { status: record.status, version: record.version, isHeld: record.isHeld }]] : [];
}

function shown(record: Seen | undefined): string | null {
  if (!record || record.status === 'not-installed') return null;
  return record.status === 'installed' ? record.version : record.status;
}
