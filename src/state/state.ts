import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { syncFile } from './durable-file.ts';
import { openJournal, type Journal } from './journal.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { listSchema } from './ledger-lists.ts';
import { openRuns, type Runs } from './runs.ts';
import { pageBytes } from './page-bytes.ts';
import { requireKind } from './require-kind.ts';
import { makeStateDirectory, stateFile } from './state-directory.ts';
import { damaged, namedError, naming, StateError } from './state-error.ts';

const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE ledger (address TEXT PRIMARY KEY, kind TEXT NOT NULL, digest TEXT NOT NULL, prune TEXT NOT NULL,
  desired TEXT NOT NULL, sensitive INTEGER NOT NULL, origin TEXT NOT NULL, run TEXT NOT NULL, revision TEXT, applied_at TEXT NOT NULL,
  checksum TEXT NOT NULL) STRICT;
CREATE TABLE runs (id TEXT PRIMARY KEY, started_at TEXT NOT NULL, outcome TEXT NOT NULL, changed INTEGER NOT NULL, report TEXT NOT NULL) STRICT;
CREATE TABLE journal (run TEXT PRIMARY KEY, state TEXT NOT NULL, key TEXT NOT NULL, started_at TEXT NOT NULL) STRICT;
CREATE TABLE undo (sequence INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, address TEXT NOT NULL, entry TEXT NOT NULL,
  checksum TEXT NOT NULL) STRICT;
CREATE INDEX undo_run ON undo (run, sequence);
CREATE TABLE content (run TEXT NOT NULL, sha256 TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (run, sha256)) STRICT;
CREATE TABLE owed (address TEXT PRIMARY KEY, run TEXT NOT NULL, because TEXT NOT NULL) STRICT;
CREATE TABLE quarantine (key TEXT PRIMARY KEY, run TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
`;
/** Came later. A program that does not know them, back after an update that failed, does without. */
const additions = `
CREATE TABLE IF NOT EXISTS refreshed (address TEXT PRIMARY KEY, run TEXT NOT NULL, because TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS killed (key TEXT PRIMARY KEY, times INTEGER NOT NULL) STRICT;
${listSchema}`;
const version = 1;
/**
 * Milliseconds. Whoever waits looks ten times a second, and a run that makes one change after the other leaves little in between where the
 * disk is slow. Nobody waits for anything else meanwhile: the lock of a run is taken before.
 */
const patience = 30_000;

/** Everything a host remembers between runs. One SQLite database, 0600, in a directory of its own, 0700. */
export interface State extends Disposable {
  readonly directory: string;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly runs: Runs;
  /** All or nothing, durable when it returns. */
  transaction<T>(act: () => T): T;
  /** Gives the filesystem back what is not used, where that is more than so many bytes. Not where there is no room to do it. */
  shrink(unused: number): void;
  close(): void;
}

/** Opens the state, or with `readOnly` what there is of it: undefined when nothing was ever applied. */
export function openState(directory: string, options: { readonly readOnly: true }): State | undefined;
export function openState(directory: string): State;
export function openState(directory: string, { readOnly = false } = {}): State | undefined {
  const file = stateFile(directory);
  if (readOnly) {
    if (!isThere(file)) return undefined;
  } else makeStateDirectory(directory);
  try {
    const database = openDatabase(file, readOnly);
    const close = (): void => database.close();
    return {
      directory,
      ledger: naming(file, openLedger(database, file)),
      journal: naming(file, openJournal(database, file)),
      runs: naming(file, openRuns(database)),
      ...naming(file, { transaction: <T>(act: () => T) => transaction(database, act), close }),
      shrink: (unused) => shrink(database, unused),
      [Symbol.dispose]: close,
    };
  } catch (error) {
    const named = namedError(file, error);
    throw named instanceof StateError ? new StateError(`${named.message}. Nothing was changed`, named.hint, error) : named;
  }
}

function isThere(file: string): boolean {
  try {
    if (statSync(file, { throwIfNoEntry: false })) return true;
  } catch (error) {
    throw new StateError(`${file} cannot be read: ${(error as Error).message}`, 'run as the user whose state it is', error);
  }
  requireKind(file, 'file');
  return false;
}

function openDatabase(file: string, readOnly: boolean): DatabaseSync {
  if (!readOnly && !isThere(file)) createDatabase(file);
  const database = new DatabaseSync(file, { readOnly, timeout: patience });
  try {
    if (!readOnly) prepareForWriting(database, file);
    // One look: between two, a run that is at work could write.
    database.exec('BEGIN');
    requireWhole(database, file);
    if (database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0)
      throw damaged(file, 'it is empty');
    const stored = Number(database.prepare("SELECT value FROM meta WHERE name = 'version'").get()?.['value']);
    if (stored > version)
      throw new StateError(
        `${file} has format ${stored}, and this program knows ${version} at most: a newer one wrote it`,
        'update this program',
      );
    if (stored !== version) throw damaged(file, `it has format ${stored}, not ${version}`);
    database.exec('COMMIT');
    if (!readOnly) database.exec(additions);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite reads what is missing of the last page as zeros. */
function requireWhole(database: DatabaseSync, file: string): void {
  const { all } = pageBytes(database);
  if (statSync(file).size < all) throw damaged(file, 'its end is missing');
}

function prepareForWriting(database: DatabaseSync, file: string): void {
  if ((statSync(file).mode & 0o777) !== 0o600) chmodSync(file, 0o600);
  // Not WAL: reading a WAL database creates files beside it, and `--check` writes nothing.
  database.exec('PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;');
}

/** Under another name until it is whole: an empty file under its own name has been damaged, and must not look like a first run. */
function createDatabase(file: string): void {
  const staged = file.replace(/\.db$/, '.new.db');
  for (const left of [staged, `${staged}-journal`]) rmSync(left, { force: true });
  // SQLite takes it as it is, and gives its journal the same mode.
  writeFileSync(staged, '', { mode: 0o600, flag: 'wx' });
  const database = new DatabaseSync(staged);
  try {
    // Nobody has it yet: what a crash leaves of it is thrown away.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;');
    // Only a database without tables can be told so. One that was made without only ever uses again what it has.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    transaction(database, () => database.exec(`${schema}${additions}INSERT INTO meta VALUES ('version', '${version}')`));
  } finally {
    database.close();
  }
  syncFile(staged);
  renameSync(staged, file);
}

function shrink(database: DatabaseSync, unused: number): void {
  try {
    const { all, used } = pageBytes(database);
    if (all - used > unused) database.exec('PRAGMA incremental_vacuum');
  } catch {
    // It takes room of its own, and whoever calls this has done its work. A later run tries again.
  }
}

function transaction<T>(database: DatabaseSync, act: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = act();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
