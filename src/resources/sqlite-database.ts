import { closeSync, constants, copyFileSync, lstatSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { planMigration, type ActualSchema, type Addition } from './sqlite-migration.ts';
import { quoteName, readSchema, type DatabaseSchema } from './sqlite-schema.ts';

/** Milliseconds that a writer waits for other programs. */
const busyTimeout = 5_000;
/** Of a database whose program has crashed, and which must be copied to be read. */
const copyLimit = 1024 * 1024 * 1024;
const magic = 'SQLite format 3\0';
/** SQLITE_ERROR: the statement makes no sense there. */
const sqlError = 1;
/** SQLITE_READONLY_ROLLBACK: a program was ended within a transaction, and whoever writes next takes back what is left of it. */
const hotJournal = 776;

/** What SQLite keeps beside a database. */
export const sidecarsOf = (path: string): readonly string[] => ['-wal', '-shm', '-journal'].map((suffix) => path + suffix);

/** A fifo in the place of one would be waited for, for good. */
export function assertPlainSidecars(real: string): void {
  for (const sidecar of sidecarsOf(real)) {
    const stat = lstatSync(sidecar, { throwIfNoEntry: false });
    if (stat && !stat.isFile()) throw new Error(`${basename(sidecar)} beside it is no regular file`);
  }
}

/** What the database holds of the schema. Creates and changes no file beside it. `real` is a regular file. */
export function readDatabase(real: string, wanted: DatabaseSchema): ActualSchema {
  assertPlainSidecars(real);
  const header = readHeader(real);
  const isWal = header.length > 0 && header[18] === 2;
  const log = isWal ? sizeOf(`${real}-wal`) : undefined;
  if (isWal && log !== undefined && log > 0 && sizeOf(`${real}-shm`) === undefined) return readCopy(real, wanted, '-wal');
  // Opening a WAL database that nobody has open would leave its -wal and -shm behind; without a log the file is complete.
  const place = isWal && log === undefined ? new URL(`${pathToFileURL(real).href}?immutable=1`) : real;
  try {
    return readOpened(new DatabaseSync(place, { readOnly: true, timeout: busyTimeout }), wanted, isWal);
  } catch (error) {
    if ((error as { readonly errcode?: number }).errcode !== hotJournal) throw error;
    return readCopy(real, wanted, '-journal');
  }
}

function readOpened(database: DatabaseSync, wanted: DatabaseSchema, isWal: boolean): ActualSchema {
  try {
    database.exec('PRAGMA trusted_schema = OFF');
    return { ...actualSchema(database, wanted), journalMode: isWal ? 'wal' : 'delete' };
  } finally {
    database.close();
  }
}

/** A log without its index, or a journal of what was not committed, is what a crash leaves; reading it would write. */
function readCopy(real: string, wanted: DatabaseSchema, sidecar: '-wal' | '-journal'): ActualSchema {
  if ((sizeOf(real) ?? 0) + (sizeOf(real + sidecar) ?? 0) > copyLimit)
    throw new Error(`the database was not closed properly and is too large to be read without its program`);
  const directory = mkdtempSync(join(tmpdir(), 'reconcile-sqlite-'));
  try {
    const copy = join(directory, 'copy.db');
    copyFileSync(real, copy);
    copyFileSync(real + sidecar, copy + sidecar);
    return readOpened(new DatabaseSync(copy), wanted, sidecar === '-wal');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function actualSchema(database: DatabaseSync, wanted: DatabaseSchema): Omit<ActualSchema, 'journalMode'> {
  const tables = new Set(wanted.tables.map(({ name }) => name.toLowerCase()));
  const indexes = new Set(wanted.indexes.map(({ name }) => name.toLowerCase()));
  const found = readSchema(database, tables);
  return {
    tables: found.tables,
    indexes: found.indexes.filter(({ name }) => indexes.has(name.toLowerCase())),
    taken: [...found.taken].filter((name) => tables.has(name) || indexes.has(name)),
    userVersion: userVersionOf(database),
  };
}

const userVersionOf = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);

/** The bytes of a new database with that schema. */
export function buildDatabase({ tables, indexes, userVersion, journalMode }: DatabaseSchema): Uint8Array {
  const database = new DatabaseSync(':memory:');
  try {
    for (const { sql } of [...tables, ...indexes]) database.exec(sql);
    if (userVersion !== null) database.exec(`PRAGMA user_version = ${userVersion}`);
    const bytes = database.serialize();
    // The two format versions in the header are all that makes a database a WAL database.
    if (journalMode === 'wal') bytes.fill(2, 18, 20);
    return bytes;
  } finally {
    database.close();
  }
}

function isDatabase(real: string): boolean {
  try {
    return readHeader(real).length > 0;
  } catch (error) {
    // What the system does not let it read may be one.
    return (error as NodeJS.ErrnoException).code !== undefined;
  }
}

/** Whether a file is a database, and rows stand in it. Of one that cannot be read that is assumed. */
export function hasRows(real: string): boolean {
  if (!isDatabase(real)) return false;
  let database: DatabaseSync | undefined;
  try {
    assertPlainSidecars(real);
    database = new DatabaseSync(real, { readOnly: true, timeout: busyTimeout });
    database.exec('PRAGMA trusted_schema = OFF');
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
      .all();
    return tables.some(({ name }) => database!.prepare(`SELECT 1 FROM ${quoteName(String(name))} LIMIT 1`).get() !== undefined);
  } catch {
    return true;
  } finally {
    database?.close();
  }
}

/** Adds what is missing, in one transaction, judged by what stands there at that moment. Throws on a conflict or a busy database. */
export function migrateDatabase(real: string, desired: DatabaseSchema): void {
  changeDatabase(real, (database) => {
    const actual = { ...actualSchema(database, desired), journalMode: null };
    const { statements, conflicts } = planMigration(desired, actual);
    if (conflicts.length > 0) throw new Error(conflicts.join('; '));
    for (const statement of statements) database.exec(statement);
  });
  if (desired.journalMode !== null) setJournalMode(real, desired.journalMode);
}

/**
 * Takes back what `migrateDatabase` added, as far as nobody uses it: a table with rows and a column with values stay, because
 * rows are never given up, and so does a column of which others have made something.
 */
export function revertDatabase(real: string, { additions, userVersion, journalMode }: Reversal): void {
  changeDatabase(real, (database) => {
    for (const addition of [...additions].reverse()) revert(database, addition);
    if (userVersion && userVersionOf(database) === userVersion.to)
      database.exec(`PRAGMA user_version = ${userVersion.from ?? 0}`);
  });
  if (journalMode !== null) setJournalMode(real, journalMode);
}

interface Reversal {
  readonly additions: readonly Addition[];
  /** Null where it was not changed. */
  readonly userVersion: { readonly from: number | null; readonly to: number | null } | null;
  readonly journalMode: 'wal' | 'delete' | null;
}

function revert(database: DatabaseSync, addition: Addition): void {
  const name = quoteName(addition.name);
  if (addition.kind === 'index') return database.exec(`DROP INDEX IF EXISTS ${name}`);
  const table = addition.kind === 'table' ? addition.name : addition.table;
  const column = database
    .prepare('SELECT dflt_value FROM pragma_table_xinfo(?) WHERE name = ? COLLATE NOCASE')
    .get(table, addition.kind === 'table' ? '' : addition.name);
  const isThere = addition.kind === 'table' ? tableExists(database, table) : column !== undefined;
  if (!isThere) return;
  const used = addition.kind === 'table' ? '1' : `${name} IS NOT (${String(column?.['dflt_value'] ?? 'NULL')})`;
  if (database.prepare(`SELECT 1 FROM ${quoteName(table)} WHERE ${used} LIMIT 1`).get() !== undefined) return;
  if (addition.kind === 'table') return database.exec(`DROP TABLE ${name}`);
  try {
    database.exec(`ALTER TABLE ${quoteName(table)} DROP COLUMN ${name}`);
  } catch (error) {
    // An index, a view or a trigger of others is made of it by then.
    if ((error as { readonly errcode?: number }).errcode !== sqlError) throw error;
  }
}

const tableExists = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE").get(name) !== undefined;

function changeDatabase(real: string, change: (database: DatabaseSync) => void): void {
  assertPlainSidecars(real);
  const database = new DatabaseSync(real, { timeout: busyTimeout, enableForeignKeyConstraints: false });
  try {
    database.exec('PRAGMA trusted_schema = OFF; BEGIN IMMEDIATE');
    try {
      change(database);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  } finally {
    database.close();
  }
}

/** Outside of a transaction, which is the only place where SQLite changes it. */
function setJournalMode(real: string, mode: 'wal' | 'delete'): void {
  const database = new DatabaseSync(real, { timeout: busyTimeout });
  try {
    const now = database.prepare(`PRAGMA journal_mode = ${mode}`).get()?.['journal_mode'];
    if (now !== mode) throw new Error(`the database stays in journal mode ${String(now)}: another program has it open`);
  } finally {
    database.close();
  }
}

function readHeader(real: string): Buffer {
  const descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const header = Buffer.alloc(100);
    const length = readSync(descriptor, header, 0, header.length, 0);
    // SQLite takes an empty file for an empty database.
    if (length === 0) return header.subarray(0, 0);
    if (length < header.length || header.toString('latin1', 0, magic.length) !== magic)
      throw new Error('the file is not a SQLite database');
    return header;
  } finally {
    closeSync(descriptor);
  }
}

const sizeOf = (real: string): number | undefined => statSync(real, { throwIfNoEntry: false })?.size;
