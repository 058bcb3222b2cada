import { dirname } from 'node:path/posix';
import type { LocalHost } from '../host/local-host.ts';
import { stagedName } from '../host/staged-name.ts';
import { noContents, type Address } from '../model/catalog.ts';
import { isObject, type JsonObject } from '../model/json.ts';
import { isPassing } from '../model/passing-error.ts';
import type { AnyResourceType, Restored } from '../resources/resource-type.ts';
import { keptRuns } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import { isLedgerUndo, restoreLedger } from './ledger-undo.ts';
import { mergesOf } from './merge-shared.ts';
import { pathsUndo, restorePaths } from './undo.ts';

interface Rollback {
  /** Resources whose previous state was put back, newest change first. */
  readonly restored: readonly Address[];
  /** Those of them that did not stand as before, or of which that is not known. */
  readonly changed: ReadonlySet<Address>;
  /** Files in which others have written since, with a fault where that could not be kept. */
  readonly written: ReadonlyMap<string, string | undefined>;
  /** Where other work of others is now, in words. */
  readonly aside: readonly string[];
  /** Resources that could not be put back. */
  readonly failed: readonly Address[];
  /** What could not be put back. */
  readonly failures: readonly string[];
  /** The rollback is incomplete, and the journal keeps its undo data. Else what could not be put back is given up. */
  readonly isOpen: boolean;
}

/** Why something could not be put back. */
interface Fault {
  readonly message: string;
  /** A program outside could not do it: every file is as before. */
  readonly isOutside: boolean;
  readonly isPassing: boolean;
}

/** Of a program outside, whatever it was asked by. */
class OutsideError extends Error {}

/** How often people are told that programs outside could not do their part, before a rollback ends without it. */
const mostTold = 1;
/** Of what may pass by itself: as often as an agent tries anything before it only does so with its polls. */
const mostToldPassing = 7;

type Undo = ReturnType<State['journal']['undoOf']>[number];
type RestoreUndo = (undo: Undo) => readonly string[] | Promise<readonly string[]>;

/**
 * Puts back everything a run changed, in reverse. Also what start-up does with the run that a crash left open. `conclude` is part
 * of the transaction that ends the run's journal. Throws only when the undo data cannot be read.
 */
export async function rollBack(
  run: string,
  state: State,
  host: LocalHost,
  types: (kind: string) => AnyResourceType,
  conclude: (changed: Rollback['changed']) => void = () => undefined,
): Promise<Rollback> {
  // A rollback is not interrupted: half a rollback is what it must prevent.
  const { signal } = new AbortController();
  const all = state.journal.undoOf(run);
  const undos = all.filter(({ entry }) => !isLedgerUndo(entry));
  host.discard();
  const unswept = await sweepStaged(undos, host, signal);
  const changed = new Set<Address>();
  const written = new Map<string, string | undefined>();
  const aside: string[] = [];
  // A run that failed leaves everything exactly as it was. Of one that was applied, others have built on what it made.
  const wasApplied = all.some(({ entry }) => isLedgerUndo(entry));
  const mergeable = wasApplied ? undos.map(({ entry }) => entry) : [];
  const merges = mergesOf(mergeable, types, (path, fault) => written.set(path, fault));
  const theirs = wasApplied ? leftToOthers(undos, host, types, (path) => written.set(path, undefined)) : new Set();
  const failed = await restoreAll(undos, host, signal, async ({ address, entry }) => {
    const paths = pathsUndo(entry)?.paths.filter(({ path }) => !theirs.has(path));
    const before = host.writes;
    const left = paths ? restorePaths({ paths }, host, { run, journal: state.journal }, merges) : [];
    // A program may remove the directories in which that belongs: those of a package go with it.
    if (!paths) await host.commit(signal);
    const result = paths ? undefined : await restoreKind(entry, host, types, signal);
    if (typeof result === 'object') aside.push(...result.aside);
    const isAsBefore = paths ? host.writes === before : result === 'unchanged';
    if (!isAsBefore || left.length > 0) changed.add(address);
    return left;
  });
  for (const [address, fault] of await resumeKinds(undos, host, types, signal))
    failed.set(address, joined([failed.get(address), fault].filter((each) => each !== undefined)));
  const faults = [...unswept, ...[...failed].map(([address, fault]) => ({ ...fault, message: `${address}: ${fault.message}` }))];
  const failures = faults.map(({ message }) => message);
  let isOpen = faults.length > 0 && !isGivenUp(run, faults, state);
  if (!isOpen)
    try {
      state.transaction(() => {
        for (const { address, entry } of all) if (isLedgerUndo(entry)) restoreLedger(address, entry, state.ledger);
        state.journal.finish(run, 'rolled-back');
        conclude(changed);
      });
    } catch (error) {
      failures.push(`what was put back cannot be recorded: ${(error as Error).message}`);
      isOpen = true;
    }
  const restored = new Set(undos.map(({ address }) => address));
  return {
    restored: [...restored].filter((address) => !failed.has(address)),
    changed,
    written,
    aside,
    failed: [...failed.keys()],
    failures,
    isOpen,
  };
}

/**
 * What programs outside cannot put back, though it was tried again by another run after people were told, must not keep the host from
 * the revision that mends it (0086).
 */
function isGivenUp(run: string, faults: readonly Fault[], { runs }: State): boolean {
  if (!faults.every(({ isOutside }) => isOutside)) return false;
  const told = runs
    .summaries(keptRuns)
    .filter(({ unrestored = [] }) => unrestored.some((each) => each.run === run && each.isOpen));
  return told.length >= (faults.some((fault) => fault.isPassing) ? mostToldPassing : mostTold);
}

const faultOf = (error: unknown): Fault => ({
  message: (error as Error).message,
  isOutside: error instanceof OutsideError,
  isPassing: isPassing(error),
});

const unrestorable = (message: string): Fault => ({ message, isOutside: false, isPassing: false });

const joined = (faults: readonly Fault[]): Fault => ({
  message: faults.map(({ message }) => message).join('; '),
  isOutside: faults.every(({ isOutside }) => isOutside),
  isPassing: faults.some((fault) => fault.isPassing),
});

async function outside<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new OutsideError((error as Error).message, { cause: error });
  }
}

/** Paths that stay, since what a run made there holds what others have put into it since. */
function leftToOthers(
  undos: readonly Undo[],
  host: LocalHost,
  types: (kind: string) => AnyResourceType,
  tell: (path: string) => void,
): ReadonlySet<string> {
  const left = undos.flatMap(({ entry }) => {
    const { kind, made } = entry;
    if (!isObject(made)) return [];
    const absent = (pathsUndo(entry)?.paths ?? []).filter(({ was }) => was === 'absent').map(({ path }) => path);
    const found = types(String(kind)).handsOver?.othersNow(made, absent, host);
    if (found !== undefined) tell(found);
    return found === undefined ? [] : absent;
  });
  return new Set(left);
}

/**
 * All in one group. Where that fails, each path by itself, and again while that makes room for others: one that cannot be put
 * back must not keep the rest from it. What went wrong, by resource.
 */
async function restoreAll(
  undos: readonly Undo[],
  host: LocalHost,
  signal: AbortSignal,
  restore: RestoreUndo,
): Promise<Map<Address, Fault>> {
  if ((await restoreGroup(undos, host, signal, restore)) === undefined) return new Map();
  let open = undos.flatMap(onePathEach);
  for (;;) {
    const failed: { readonly undo: Undo; readonly fault: Fault }[] = [];
    for (const undo of open) {
      const fault = await restoreGroup([undo], host, signal, restore);
      if (fault) failed.push({ undo, fault });
    }
    if (failed.length === open.length || failed.length === 0) {
      const byAddress = Map.groupBy(failed, ({ undo }) => undo.address);
      return new Map([...byAddress].map(([address, own]) => [address, joined(own.map(({ fault }) => fault))]));
    }
    open = failed.map(({ undo }) => undo);
  }
}

/** What went wrong. */
async function restoreGroup(
  undos: readonly Undo[],
  host: LocalHost,
  signal: AbortSignal,
  restore: RestoreUndo,
): Promise<Fault | undefined> {
  const faults: Fault[] = [];
  try {
    for (const undo of undos) faults.push(...(await restore(undo)).map(unrestorable));
    await host.commit(signal);
  } catch (error) {
    host.discard();
    faults.push(faultOf(error));
  }
  return faults.length === 0 ? undefined : joined(faults);
}

/** In the order in which they are put back. */
const onePathEach = (undo: Undo): readonly Undo[] =>
  pathsUndo(undo.entry)
    ?.paths.map((path) => ({ ...undo, entry: { paths: [path] } }))
    .reverse() ?? [undo];

async function restoreKind(
  entry: JsonObject,
  host: LocalHost,
  types: (kind: string) => AnyResourceType,
  signal: AbortSignal,
): Promise<Restored> {
  const { undo } = types(String(entry['kind']));
  const restore = (): Restored | Promise<Restored> | undefined =>
    undo?.restore(entry['undo'], { host, contents: noContents, last: undefined, signal });
  return undo?.outside ? outside(restore) : restore();
}

/** What the kinds do when everything stands as before, each for all that it put back; by itself where one keeps it from others. */
async function resumeKinds(
  undos: readonly Undo[],
  host: LocalHost,
  types: (kind: string) => AnyResourceType,
  signal: AbortSignal,
): Promise<ReadonlyMap<Address, Fault>> {
  const resume = async (kind: string, some: readonly Undo[]): Promise<Fault | undefined> => {
    try {
      const saved = some.map(({ entry }) => entry['undo']);
      await outside(() => types(kind).undo?.resume?.(saved, { host, contents: noContents, last: undefined, signal }));
      await host.commit(signal);
      return undefined;
    } catch (error) {
      host.discard();
      return faultOf(error);
    }
  };
  const faults = new Map<Address, Fault>();
  const own = undos.filter(({ entry }) => pathsUndo(entry) === undefined);
  for (const [kind, entries] of Map.groupBy(own, ({ entry }) => String(entry['kind']))) {
    const whole = await resume(kind, entries);
    if (!whole) continue;
    const byAddress = Map.groupBy(entries, ({ address }) => address);
    for (const [address, some] of byAddress) {
      const fault = byAddress.size === 1 ? whole : await resume(kind, some);
      if (fault) faults.set(address, fault);
    }
  }
  return faults;
}

/** Removes what a killed run staged beside its targets, first of all: it takes up room. */
async function sweepStaged(undos: readonly Undo[], host: LocalHost, signal: AbortSignal): Promise<Fault[]> {
  const paths = undos.flatMap(({ entry }) => pathsUndo(entry)?.paths ?? []);
  const directories = new Set(paths.map(({ path }) => dirname(path)));
  const faults: Fault[] = [];
  for (const directory of directories)
    try {
      // Nothing was staged behind a link that has the place of a directory by now.
      if (!isDirectory(directory, host)) continue;
      for (const name of host.list(directory) ?? [])
        if (stagedName.test(name)) host.remove(`${directory === '/' ? '' : directory}/${name}`);
      await host.commit(signal);
    } catch (error) {
      host.discard();
      faults.push(unrestorable(`what was staged in ${directory} is still there: ${(error as Error).message}`));
    }
  return faults;
}

/** By a path on which there is no link. */
const isDirectory = (path: string, host: LocalHost): boolean =>
  path === '/' || (isDirectory(dirname(path), host) && host.stat(path)?.type === 'directory');
