import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { markPackages, mayRenewIndex, renewIndex, runApt, runDpkg, simulate, type AptLimits, type Simulation } from './apt.ts';
import { awaitOutside } from './run-outside.ts';
import { isGone, isHalf, isUnfinished, readPackages, type PackageRecord, type PackageTable } from './dpkg.ts';

/** What a `package` resource wants. */
export interface PackageDesired extends AptLimits {
  readonly names: readonly string[];
  /** Exact versions, or the beginning of one with a `*` behind it. */
  readonly versions: Readonly<Record<string, string>>;
  /** Absent: nobody's business here. */
  readonly hold?: boolean;
  /** pruned: it left git; what others still want stays. */
  readonly ensure: 'present' | 'absent' | 'pruned';
  /** Configuration files go too. */
  readonly purge: boolean;
  readonly recommends: boolean;
  /** Other packages that may be removed for these. */
  readonly mayRemove: readonly string[];
  /** Lists of sources from which the names come. */
  readonly sources: readonly AbsolutePath[];
}

/** Names to be changed, each in the form in which users wrote it. */
interface Needs {
  readonly install: readonly string[];
  readonly remove: readonly string[];
  readonly hold: readonly string[];
  readonly unhold: readonly string[];
}

const isVersion = (installed: string, wanted: string): boolean =>
  wanted.endsWith('*') ? installed.startsWith(wanted.slice(0, -1)) : installed === wanted;

export function needsOf(desired: PackageDesired, find: (name: string) => PackageRecord | undefined): Needs {
  const { names, versions, hold, ensure, purge } = desired;
  if (ensure !== 'present') {
    const remove = names.filter((name) => {
      const record = find(name);
      return !isGone(record) || (purge && record?.status === 'config-files');
    });
    const unhold = hold === true ? remove.filter((name) => find(name)?.isHeld) : [];
    return { install: [], remove, hold: [], unhold };
  }
  const install = names.filter((name) => {
    const record = find(name);
    return record?.status !== 'installed' || !isVersion(record.version, versions[name] ?? '*');
  });
  const held = names.filter((name) => find(name)?.isHeld);
  return {
    install,
    remove: [],
    hold: hold === true ? names.filter((name) => !held.includes(name) || install.includes(name)) : [],
    unhold: hold === undefined ? [] : held.filter((name) => !hold || install.includes(name)),
  };
}

/** The words for apt-get; undefined when it has nothing to do. */
export function aptWords(desired: PackageDesired, { install, remove }: Needs): readonly string[] | undefined {
  const { versions, recommends, purge } = desired;
  if (remove.length > 0) return [purge ? 'purge' : 'remove', ...remove];
  if (install.length === 0) return undefined;
  const isPinned = install.some((name) => versions[name] !== undefined);
  return [
    'install',
    ...(recommends ? [] : ['--no-install-recommends']),
    ...(isPinned ? ['--allow-downgrades'] : []),
    ...install.map((name) => (versions[name] === undefined ? name : `${name}=${versions[name]}`)),
  ];
}

/** What apt says to the needs of a resource, with the reasons not to do it. */
interface Outlook {
  /** Removed beside what was asked for. */
  readonly collateral: Simulation['removed'];
  /** Everything that apt would touch. */
  readonly touched: readonly string[];
  readonly faults: readonly string[];
  /** A newer index might know a way. */
  readonly isOfIndex: boolean;
}

export async function foresee(
  desired: PackageDesired,
  needs: Needs,
  table: PackageTable,
  host: HostReader,
  signal: AbortSignal,
): Promise<Outlook> {
  const words = aptWords(desired, needs);
  if (!words) return { collateral: [], touched: [], faults: [], isOfIndex: false };
  // The hold of these is taken off before; those of others must stay, which apt itself cannot tell apart.
  const changesHeld = needs.unhold.length > 0 ? ['--allow-change-held-packages'] : [];
  const simulation = await simulate([...words, ...changesHeld], host, signal);
  return judgeSimulation(simulation, desired, needs, table);
}

export function judgeSimulation(simulation: Simulation, desired: PackageDesired, needs: Needs, table: PackageTable): Outlook {
  const isOne = (asked: string, name: string): boolean =>
    asked === name || (table.find(name) !== undefined && table.find(asked) === table.find(name));
  const isAsked = (name: string): boolean => [...needs.install, ...needs.remove].some((asked) => isOne(asked, name));
  const collateral = simulation.removed.filter(({ name }) => !isAsked(name));
  const touched = [...new Set([...simulation.installed, ...simulation.removed.map(({ name }) => name)])];
  if (simulation.fault !== undefined) {
    const { fault } = simulation;
    return { collateral: [], touched, faults: [fault], isOfIndex: !unconditional.test(fault) };
  }
  const held = touched.filter((name) => table.find(name)?.isHeld && !needs.unhold.includes(name));
  const refused = collateral.filter(({ name }) => !desired.mayRemove.includes(name));
  // One that is only unpacked is not installed again, but configured.
  const virtual = needs.install.filter(
    (name) => isGone(table.find(name)) && !simulation.installed.some((each) => isSame(each, name)),
  );
  return {
    collateral,
    touched,
    faults: [
      ...held.map((name) => `${name} is on hold`),
      ...(refused.length > 0 ? [`apt would remove ${refused.map(({ name }) => name).join(', ')}`] : []),
      ...virtual.map((name) => `${name} is only a name that other packages provide; name one of them`),
    ],
    isOfIndex: false,
  };
}

/** What apt refuses however new its index is. */
const unconditional = /^(?:Held packages were changed|Packages were downgraded|(?:Essential|Protected) packages were removed)/;

/** With an architecture or without. */
export const isSame = (full: string, asked: string): boolean => full === asked || full.split(':')[0] === asked.split(':')[0];

/** Makes the packages as desired, from however they stand by now. */
export async function changePackages(desired: PackageDesired, host: Host, signal: AbortSignal): Promise<void> {
  await finishConfiguring(desired, host, signal);
  const table = await readPackages(host, signal);
  const needs = needsOf(desired, table.find);
  const words = aptWords(desired, needs);
  if (words) await assertPossible(desired, needs, table, host, signal);
  await markPackages('unhold', needs.unhold, host, signal);
  if (words) await runApt(words, desired, host, signal);
  await markPackages('hold', needs.hold, host, signal);
}

/** Ends what was begun before, by an earlier run or by anybody. */
export async function finishConfiguring(limits: AptLimits, host: Host, signal: AbortSignal): Promise<void> {
  await awaitOutside(limits.timeout, host, signal);
  const isLeft = async (): Promise<boolean> => isUnfinished(await readPackages(host, signal), host);
  const configure = (): Promise<void> => runDpkg(['--configure', '-a'], limits, host, signal);
  if (!(await isLeft())) return;
  const failure = await configure().catch((error: unknown) => error);
  const halves = (await readPackages(host, signal)).all.filter(isHalf).map(({ fullName }) => fullName);
  if (halves.length === 0 && failure !== undefined) throw failure;
  if (halves.length === 0) return;
  // dpkg was killed between their files: it does not unpack them again by itself, and configures nothing that needs them.
  const flags = ['--reinstall', '--no-remove', '--no-install-recommends', '--allow-change-held-packages'];
  await runApt(['install', ...flags, ...halves], limits, host, signal);
  if (await isLeft()) await configure();
}

/** Whatever else happened in this run, a source that was added for instance: nothing is changed before apt agrees. */
async function assertPossible(
  desired: PackageDesired,
  needs: Needs,
  table: PackageTable,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const first = await foresee(desired, needs, table, host, signal);
  if (first.faults.length === 0) return;
  const isRenewed = first.isOfIndex && mayRenewIndex(desired.sources, host);
  if (isRenewed) await renewIndex(desired, host, signal);
  const { faults } = isRenewed ? await foresee(desired, needs, table, host, signal) : first;
  if (faults.length > 0) throw new Error(faults.join('; '));
}
