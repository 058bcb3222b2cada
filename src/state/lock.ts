import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** One run at a time per state directory. */
export interface RunLock {
  release(): void;
}

/**
 * Takes the lock, or says that another run has it. It is a kernel lock (SQLite's, on a file of its own), so that `kill -9`
 * frees it and no stale file can block a host.
 */
export function takeLock(directory: string): RunLock | undefined {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(directory, 'lock.db'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    // 5 is SQLITE_BUSY.
    if ((error as { errcode?: number }).errcode === 5) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
