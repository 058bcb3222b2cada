import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { requireKind } from './require-kind.ts';
import { makeStateDirectory } from './state-directory.ts';
import { namedError, StateError } from './state-error.ts';

/** One run at a time per state directory. */
interface RunLock extends Disposable {
  release(): void;
}

/** Milliseconds for which a command waits that a person has typed: an agent that finds nothing to do holds the lock for less. */
export const patience = 5_000;

/**
 * Takes the lock, or says that another run has it, still after `wait` milliseconds, in which this process does nothing else. It is a kernel lock (SQLite's, on a file of its own), so that `kill -9`
 * frees it and no stale file can block a host.
 */
export function takeLock(directory: string, wait = 0): RunLock | undefined {
  makeStateDirectory(directory);
  const file = join(directory, 'lock.db');
  requireKind(file, 'file');
  const database = openLock(file, wait);
  try {
    // Its journal stays in memory: a full disk must not keep a host from taking back what filled it. IMMEDIATE, for EXCLUSIVE
    // first shares the file, and of two that come at once both could find the other there.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE');
  } catch (error) {
    database.close();
    const { errcode = 0 } = error as { readonly errcode?: number };
    if (errcode === busy) return undefined;
    // 26 is SQLITE_NOTADB.
    if (errcode === 26)
      throw new StateError(`${file} is not a lock of this program: something else wrote it`, `remove ${file}`, error);
    throw namedError(file, error);
  }
  const release = (): void => database.close();
  return { release, [Symbol.dispose]: release };
}

/** SQLITE_BUSY */
const busy = 5;

function openLock(file: string, timeout: number): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout });
  } catch (error) {
    throw namedError(file, error);
  }
}
