import type { Host, HostReader } from '../host/host.ts';
import { lastWords, programError } from '../model/how-it-ended.ts';
import { findLost, markPackages, runApt, runDpkg, type AptLimits } from './apt.ts';
import { isGone, isHalf, readPackages, type PackageRecord, type PackageTable } from './dpkg.ts';
import { awaitProcesses } from './find-process.ts';
import type { Restored } from './resource-type.ts';
import { captureUfw, type UfwUndo } from './ufw-undo.ts';
import { finishConfiguring, foresee, isSame, needsOf, type PackageDesired } from './package-change.ts';

/** A package as it stood. */
export type SavedPackage = {
  /** With its architecture. */
  readonly name: string;
  readonly status: string;
  readonly version: string;
  readonly isHeld: boolean;
  /** Came as a dependency. */
  readonly isAutomatic: boolean;
};

/** How packages stood before a change. */
export type PackageUndo = {
  readonly packages: readonly SavedPackage[];
  /** The packages are all that there were: any other one came with the change. */
  readonly isWhole: boolean;
  readonly timeout: number;
  /** Where ufw is among them and was there: what its rules did. */
  readonly ufw?: UfwUndo;
};

/** Everything that apt would touch for this; all packages, where apt cannot tell before its index is renewed. */
export async function capturePackages(desired: PackageDesired, host: HostReader, signal: AbortSignal): Promise<PackageUndo> {
  const table = await readPackages(host, signal);
  const automatic = await readAutomatic(host, signal);
  const { touched, faults } = await foresee(desired, needsOf(desired, table.find), table, host, signal);
  const isWhole = faults.length > 0;
  const save = (record: PackageRecord | undefined, name: string): SavedPackage => ({
    name: record?.fullName ?? name,
    status: record?.status ?? 'not-installed',
    version: record?.version ?? '',
    isHeld: record?.isHeld ?? false,
    isAutomatic: automatic.has(record?.fullName ?? name) || automatic.has(record?.name ?? name),
  });
  const unfinished = table.all.filter(({ status }) => status !== 'installed' && !isGone({ status } as PackageRecord));
  const concerned = new Set([...desired.names, ...touched, ...unfinished.map(({ fullName }) => fullName)]);
  const packages = isWhole
    ? table.all.map((record) => save(record, record.fullName))
    : [...concerned].map((name) => save(table.find(name), name));
  const hasUfw = packages.some(({ name, status }) => name === 'ufw' && status === 'installed');
  return { packages, isWhole, timeout: desired.timeout, ...(hasUfw && { ufw: await captureUfw(host, signal) }) };
}

async function readAutomatic(host: HostReader, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const result = await host.query(['apt-mark', 'showauto'], signal);
  if (result.exitCode !== 0) throw programError(result, `apt-mark showauto failed: ${lastWords(result)}`);
  return new Set(result.stdout.split('\n'));
}

/** What is to be done to get from how the packages stand to how they stood. */
interface Way {
  readonly install: readonly SavedPackage[];
  readonly remove: readonly string[];
  /** Of the removed, those that must leave nothing behind. */
  readonly purge: readonly string[];
}

export function wayBack({ packages, isWhole }: PackageUndo, table: PackageTable): Way {
  const saved = new Set(packages.map(({ name }) => name));
  const newcomers: SavedPackage[] = isWhole
    ? table.all
        .filter(({ fullName }) => !saved.has(fullName))
        .map(({ fullName }) => ({ name: fullName, status: 'not-installed', version: '', isHeld: false, isAutomatic: false }))
    : [];
  const all = [...packages, ...newcomers];
  const now = (name: string): PackageRecord | undefined => table.find(name);
  const wasGone = ({ status }: SavedPackage): boolean => status === 'not-installed' || status === 'config-files';
  return {
    install: all.filter((was) => !wasGone(was) && !isThere(now(was.name), was.version)),
    remove: all.filter((was) => wasGone(was) && !isGone(now(was.name))).map(({ name }) => name),
    purge: all
      .filter((was) => was.status === 'not-installed' && (now(was.name)?.status ?? 'not-installed') !== 'not-installed')
      .map(({ name }) => name),
  };
}

const isInstalled = (now: PackageRecord | undefined): now is PackageRecord => now !== undefined && !isGone(now) && !isHalf(now);

const isThere = (now: PackageRecord | undefined, version: string): boolean => isInstalled(now) && now.version === version;

/**
 * Puts packages back: removes what came, brings back what went, at the version that it had, with holds and marks. One that is there
 * stays where that version is nowhere to be had: nobody could put it back, and an error would keep every run from the host.
 */
export async function restorePackages(undo: PackageUndo, host: Host, signal: AbortSignal): Promise<Restored> {
  const limits: AptLimits = { timeout: undo.timeout };
  await awaitProcesses({ name: /^(?:apt-get|dpkg)$/ }, limits.timeout, host, signal);
  // Fails for a package whose own script fails; that one is removed next.
  const unconfigured = await finishConfiguring(limits, host, signal).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  const table = await readPackages(host, signal);
  const { install: moved, remove, purge } = wayBack(undo, table);
  const there = moved.filter((was) => isInstalled(table.find(was.name)) && archiveOf(was, host) === undefined);
  const lost = await findLost(there.map(versionOf), host, signal);
  const isLost = (was: SavedPackage): boolean => there.includes(was) && lost.some((name) => isSame(name, was.name));
  const install = moved.filter((was) => !isLost(was));
  if (install.length > 0 || remove.length > 0) {
    const flags = ['--allow-downgrades', '--allow-change-held-packages', '--no-install-recommends'];
    // What a dpkg that was killed has left goes also where it cannot be had whole any more.
    flags.push('-o', 'Dpkg::Options::=--force-remove-reinstreq');
    const wanted = install.map((was) => archiveOf(was, host) ?? versionOf(was));
    await runApt(['install', ...flags, ...wanted, ...remove.map((name) => `${name}-`)], limits, host, signal);
  } else if (unconfigured && undo.packages.some((was) => !isLost(was) && !stands(was, table))) throw unconfigured;
  if (purge.length > 0) await runDpkg(['--purge', ...purge], limits, host, signal);
  await restoreMarks(undo, host, signal);
  const stays = moved.filter(isLost).map(({ name, version }) => `${name} stays, since ${version} is nowhere to be had`);
  return { aside: stays };
}

const versionOf = ({ name, version }: SavedPackage): string => `${name}=${version}`;

/** As it was saved: what had been broken before is not to be mended by taking a run back. */
const stands = ({ name, status, version }: SavedPackage, table: PackageTable): boolean => {
  const now = table.find(name);
  return (now?.status ?? 'not-installed') === status && (now?.version ?? '') === version;
};

async function restoreMarks({ packages }: PackageUndo, host: Host, signal: AbortSignal): Promise<void> {
  const table = await readPackages(host, signal);
  const automatic = await readAutomatic(host, signal);
  const there = packages.filter(({ name, status }) => status === 'installed' && !isGone(table.find(name)));
  const isAutomatic = (name: string): boolean => automatic.has(name) || automatic.has(table.find(name)?.name ?? name);
  const namesOf = (saved: readonly SavedPackage[]): string[] => saved.map(({ name }) => name);
  await markPackages('auto', namesOf(there.filter((was) => was.isAutomatic && !isAutomatic(was.name))), host, signal);
  await markPackages('manual', namesOf(there.filter((was) => !was.isAutomatic && isAutomatic(was.name))), host, signal);
  await markPackages('hold', namesOf(there.filter((was) => was.isHeld && !table.find(was.name)?.isHeld)), host, signal);
  await markPackages('unhold', namesOf(there.filter((was) => !was.isHeld && table.find(was.name)?.isHeld)), host, signal);
}

/** apt keeps what it downloaded, also when the mirror has only a newer one by now. */
function archiveOf({ name, version }: SavedPackage, host: HostReader): string | undefined {
  const [plain] = name.split(':');
  const prefix = `${plain}_${version.replaceAll(':', '%3a')}_`;
  const directory = '/var/cache/apt/archives';
  const file = (host.list(directory) ?? []).find((each) => each.startsWith(prefix) && each.endsWith('.deb'));
  return file && `${directory}/${file}`;
}
