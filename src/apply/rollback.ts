import { dirname } from 'node:path/posix';
import type { LocalHost } from '../host/local-host.ts';
import { stagedName } from '../host/staging.ts';
import { noContents, type Address } from '../model/catalog.ts';
import { isObject, type JsonObject } from '../model/json.ts';
import type { AnyResourceType, Restored } from '../resources/resource-type.ts';
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
  /** What could not be put back. Not empty: the rollback is incomplete, and the journal keeps its undo data. */
  readonly failures: readonly string[];
}

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
  const failures = await sweepStaged(undos, host, signal);
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
  failures.push(...failed.values());
  failures.push(...(await resumeKinds(undos, host, types, signal)));
  if (failures.length === 0)
    try {
      state.transaction(() => {
        for (const { address, entry } of all) if (isLedgerUndo(entry)) restoreLedger(address, entry, state.ledger);
        state.journal.finish(run, 'rolled-back');
        conclude(changed);
      });
    } catch (error) {
      failures.push(`what was put back cannot be recorded: ${(error as Error).message}`);
    }
  const restored = new Set(undos.map(({ address }) => address));
  return {
    restored: [...restored].filter((address) => !failed.has(address)),
    changed,
    written,
    aside,
    failed: [...failed.keys()],
    failures,
  };
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
): Promise<ReadonlyMap<Address, string>> {
  if ((await restoreGroup(undos, host, signal, restore)) === undefined) return new Map();
  let open = undos.flatMap(onePathEach);
  for (;;) {
    const failed: { readonly undo: Undo; readonly message: string }[] = [];
    for (const undo of open) {
      host.discard();
      const message = await restoreGroup([undo], host, signal, restore);
      if (message !== undefined) failed.push({ undo, message });
    }
    if (failed.length === open.length || failed.length === 0) {
      const byAddress = Map.groupBy(failed, ({ undo }) => undo.address);
      return new Map(
        [...byAddress].map(([address, own]) => [address, `${address}: ${own.map(({ message }) => message).join('; ')}`]),
      );
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
): Promise<string | undefined> {
  const failures: string[] = [];
  try {
    for (const undo of undos) failures.push(...(await restore(undo)));
    await host.commit(signal);
  } catch (error) {
    failures.push((error as Error).message);
  }
  return failures.length === 0 ? undefined : failures.join('; ');
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
  return types(String(entry['kind'])).undo?.restore(entry['undo'], {
    host,
    contents: noContents,
    last: undefined,
    signal,
  });
}

/** What the kinds do when everything stands as before, each for all that it put back. */
async function resumeKinds(
  undos: readonly Undo[],
  host: LocalHost,
  types: (kind: string) => AnyResourceType,
  signal: AbortSignal,
): Promise<string[]> {
  const failures: string[] = [];
  const own = undos.filter(({ entry }) => pathsUndo(entry) === undefined);
  for (const [kind, entries] of Map.groupBy(own, ({ entry }) => String(entry['kind'])))
    try {
      const saved = entries.map(({ entry }) => entry['undo']);
      await types(kind).undo?.resume?.(saved, { host, contents: noContents, last: undefined, signal });
      await host.commit(signal);
    } catch (error) {
      host.discard();
      failures.push(`${kind}: ${(error as Error).message}`);
    }
  return failures;
}

/** Removes what a killed run staged beside its targets, first of all: it takes up room. */
async function sweepStaged(undos: readonly Undo[], host: LocalHost, signal: AbortSignal): Promise<string[]> {
  const paths = undos.flatMap(({ entry }) => pathsUndo(entry)?.paths ?? []);
  const directories = new Set(paths.map(({ path }) => dirname(path)));
  const failures: string[] = [];
  for (const directory of directories)
    try {
      // Nothing was staged behind a link that has the place of a directory by now.
      if (!isDirectory(directory, host)) continue;
      for (const name of host.list(directory) ?? [])
        if (stagedName.test(name)) host.remove(`${directory === '/' ? '' : directory}/${name}`);
      await host.commit(signal);
    } catch (error) {
      host.discard();
      failures.push(`what was staged in ${directory} is still there: ${(error as Error).message}`);
    }
  return failures;
}

/** By a path on which there is no link. */
const isDirectory = (path: string, host: LocalHost): boolean =>
  path === '/' || (isDirectory(dirname(path), host) && host.stat(path)?.type === 'directory');
