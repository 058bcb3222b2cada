import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openJournal, type Journal } from './journal.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { openRuns, type Runs } from './runs.ts';

const schema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE ledger (address TEXT PRIMARY KEY, kind TEXT NOT NULL, digest TEXT NOT NULL, prune TEXT NOT NULL,
  desired TEXT NOT NULL, sensitive INTEGER NOT NULL, origin TEXT NOT NULL, run TEXT NOT NULL, revision TEXT, applied_at TEXT NOT NULL) STRICT;
CREATE TABLE runs (id TEXT PRIMARY KEY, started_at TEXT NOT NULL, outcome TEXT NOT NULL, changed INTEGER NOT NULL, report TEXT NOT NULL) STRICT;
CREATE TABLE journal (run TEXT PRIMARY KEY, state TEXT NOT NULL, key TEXT NOT NULL, started_at TEXT NOT NULL) STRICT;
CREATE TABLE undo (sequence INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, address TEXT NOT NULL, entry TEXT NOT NULL) STRICT;
CREATE INDEX undo_run ON undo (run, sequence);
CREATE TABLE content (run TEXT NOT NULL, sha256 TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (run, sha256)) STRICT;
CREATE TABLE owed (address TEXT PRIMARY KEY, run TEXT NOT NULL, because TEXT NOT NULL) STRICT;
CREATE TABLE quarantine (key TEXT PRIMARY KEY, run TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
`;
const version = 1;

/** Everything a host remembers between runs. One SQLite database, 0600, in a directory of its own, 0700. */
export interface State extends Disposable {
  readonly directory: string;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly runs: Runs;
  /** All or nothing, durable when it returns. */
  transaction<T>(act: () => T): T;
  close(): void;
}

/** Thrown when the state cannot be used. Nothing is applied then: an unreadable state must never look like a first run. */
export class StateError extends Error {}

/** Opens the state, or with `readOnly` what there is of it: undefined when nothing was ever applied. */
export function openState(directory: string, options: { readonly readOnly: true }): State | undefined;
export function openState(directory: string): State;
export function openState(directory: string, { readOnly = false } = {}): State | undefined {
  const file = join(directory, 'state.db');
  if (readOnly) {
    if (!statSync(file, { throwIfNoEntry: false })) return undefined;
  } else {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    requirePrivate(directory);
  }
  try {
    const database = openDatabase(file, readOnly);
    return {
      directory,
      ledger: openLedger(database),
      journal: openJournal(database, directory),
      runs: openRuns(database),
      transaction: (act) => transaction(database, act),
      close: () => database.close(),
      [Symbol.dispose]: () => database.close(),
    };
  } catch (error) {
    throw new StateError(
      `the state database ${file} cannot be used: ${(error as Error).message}. Nothing was changed. ` +
        'Restore it from a backup, or move it away to start with an empty ledger: resources are then adopted where they match.',
      { cause: error },
    );
  }
}

function openDatabase(file: string, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly, timeout: 5000 });
  if (!readOnly) {
    chmodSync(file, 0o600);
    // Not WAL: reading a WAL database creates files beside it, and `--check` writes nothing.
    database.exec('PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;');
    // One transaction: each would cost its own fsync, and half a schema must not exist.
    const isNew = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0;
    if (isNew) transaction(database, () => database.exec(`${schema} INSERT INTO meta VALUES ('version', '${version}')`));
  }
  const stored = database.prepare("SELECT value FROM meta WHERE name = 'version'").get()?.['value'];
  if (stored !== String(version)) throw new Error(`it has format ${String(stored)}, this program reads ${version}`);
  return database;
}

function requirePrivate(directory: string): void {
  const { uid, mode } = statSync(directory);
  if (uid !== process.geteuid?.()) throw new StateError(`${directory} belongs to user ${uid}, not to the user who runs this`);
  if ((mode & 0o077) !== 0) chmodSync(directory, 0o700);
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
