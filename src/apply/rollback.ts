import { dirname } from 'node:path/posix';
import type { LocalHost } from '../host/local-host.ts';
import { stagedName } from '../host/staging.ts';
import { noContents, type Address } from '../model/catalog.ts';
import type { JsonObject } from '../model/json.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import type { State } from '../state/state.ts';
import { isLedgerUndo, restoreLedger } from './ledger-undo.ts';
import { isPathUndo, restorePath, undonePath } from './undo.ts';

export interface Rollback {
  /** Resources whose previous state was put back, newest change first. */
  readonly restored: readonly Address[];
  /** What could not be put back. Not empty: the rollback is incomplete, and the journal keeps its undo data. */
  readonly failures: readonly string[];
}

/** Puts back everything a run changed, in reverse. Also what start-up does with the run that a crash left open. */
export async function rollBack(
  run: string,
  state: State,
  host: LocalHost,
  types: (kind: string) => AnyResourceType,
): Promise<Rollback> {
  // A rollback is not interrupted: half a rollback is what it must prevent.
  const { signal } = new AbortController();
  const restored = new Set<Address>();
  const failures: string[] = [];
  const entries = state.journal.undoOf(run);
  host.discard();
  sweepStaged(
    entries.map(({ entry }) => entry),
    host,
  );
  for (const { address, entry } of entries) {
    try {
      if (isLedgerUndo(entry)) restoreLedger(address, entry, state.ledger);
      else if (isPathUndo(entry)) restorePath(entry, host, { run, journal: state.journal });
      else await restoreKind(entry, host, types, signal);
      if (!isLedgerUndo(entry)) restored.add(address);
    } catch (error) {
      failures.push(`${address}: ${(error as Error).message}`);
    }
  }
  try {
    await host.commit(signal);
  } catch (error) {
    failures.push((error as Error).message);
  }
  if (failures.length === 0) state.journal.finish(run, 'rolled-back');
  return { restored: [...restored], failures };
}

async function restoreKind(
  entry: JsonObject,
  host: LocalHost,
  types: (kind: string) => AnyResourceType,
  signal: AbortSignal,
): Promise<void> {
  await types(String(entry['kind'])).undo?.restore(entry['undo'], {
    host,
    contents: noContents,
    last: undefined,
    signal,
  });
}

/** Removes what a killed run staged beside its targets. */
function sweepStaged(entries: readonly JsonObject[], host: LocalHost): void {
  const directories = new Set(
    entries
      .map(undonePath)
      .filter((path) => path !== undefined)
      .map((path) => dirname(path)),
  );
  for (const directory of directories)
    for (const name of host.list(directory) ?? [])
      if (stagedName.test(name)) host.remove(`${directory === '/' ? '' : directory}/${name}`);
}
