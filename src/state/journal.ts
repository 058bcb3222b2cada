import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Address } from '../model/catalog.ts';
import type { JsonObject } from '../model/json.ts';
import { checksum } from './checksum.ts';
import { pageBytes } from './page-bytes.ts';
import { openSealing } from './sealing.ts';
import { damaged } from './state-error.ts';

/** Undo of one effect, in the order of capture; restored in reverse. */
interface UndoEntry {
  readonly address: Address;
  /** What `apply/undo.ts` needs to put things back. */
  readonly entry: JsonObject;
}

interface OpenRun {
  readonly run: string;
  readonly key: string;
  readonly startedAt: string;
}

/** A refresh that some change owes; it stays until it is done, across crashes, and is owed again when that change is taken back. */
interface OwedRefresh {
  readonly address: Address;
  readonly run: string;
  readonly because: Address;
}

interface Quarantined {
  readonly key: string;
  readonly run: string;
  readonly reason: string;
}

/**
 * Intent and undo data, durable before the host changes. The caller puts what belongs together into one transaction.
 */
export interface Journal {
  begin(run: string, key: string, startedAt: string): void;
  /** The newest run that was begun and neither finished nor rolled back, or is being taken back: what a crash left. */
  open(): OpenRun | undefined;
  /** All such runs, newest first: a crash can interrupt taking back several. */
  unfinished(): readonly string[];
  /** An applied run is going to be taken back, whatever happens now: it is open again. */
  reopen(run: string): void;
  finish(run: string, how: 'applied' | 'rolled-back'): void;
  addUndo(run: string, undo: UndoEntry): void;
  /** Newest first. */
  undoOf(run: string): readonly UndoEntry[];
  /** Keeps bytes for the undo of a run, encrypted with a key of this state directory. */
  putContent(run: string, digest: string, bytes: Uint8Array): void;
  content(run: string, digest: string): Buffer;
  /** Throws unless all of a run's bytes can be read. */
  requireContents(run: string): void;
  owe(refresh: OwedRefresh): void;
  /** It is done. Kept while a run is open: rolling that back makes it owed again, since who was told of the change is told of its end. */
  settle(address: Address): void;
  owed(): readonly OwedRefresh[];
  quarantine(entry: Quarantined): void;
  /** The key is asked for where anything is in quarantine. */
  quarantined(keyOf: () => string): Quarantined | undefined;
  /** A run with this key was killed. How many were, one after the other without one that was applied. */
  countKilled(key: string): number;
  /** Forgets every quarantine, and how often runs were killed; the revisions may be tried again. How many were in quarantine. */
  release(): number;
  /** The key that a run was begun with. */
  keyOf(run: string): string | undefined;
  /**
   * Runs that were applied and whose undo data is still kept, newest first, whatever the clock said. One that has only refreshed has
   * none.
   */
  undoable(): readonly string[];
  /**
   * Drops undo data of the oldest runs, until no more than so many are left, and so many bytes. That of the newest one stays whatever
   * its size, and so does that of open ones. Only the newest can wait for its confirmation.
   */
  forget(keep: { readonly runs: number; readonly bytes: number }): void;
}

/** Throws `StateError` for undo data that is not what was written: it decides what is restored, and where. */
export function openJournal(database: DatabaseSync, file: string): Journal {
  const sealing = openSealing(dirname(file));
  const run = (sql: string, ...values: (string | number | Uint8Array)[]): number =>
    Number(database.prepare(sql).run(...values).changes);
  const rows = (sql: string, ...values: (string | number)[]): Readonly<Record<string, unknown>>[] =>
    database.prepare(sql).all(...values);
  const runsThat = (condition: string): readonly string[] =>
    rows(`SELECT run FROM journal WHERE ${condition} ORDER BY rowid DESC`).map((row) => String(row['run']));
  const insertUndo = () => database.prepare('INSERT INTO undo (run, address, entry, checksum) VALUES (?, ?, ?, ?)');
  let preparedUndo: ReturnType<typeof insertUndo> | undefined;
  const sizesOf = (): ReadonlyMap<string, number> =>
    new Map(
      rows('SELECT run, sum(length(bytes)) AS size FROM content GROUP BY run').map((row) => [
        String(row['run']),
        Number(row['size']),
      ]),
    );
  return {
    begin: (id, key, startedAt) => void run("INSERT INTO journal VALUES (?, 'open', ?, ?)", id, key, startedAt),
    open() {
      const [unknown] = rows("SELECT run FROM journal WHERE state NOT IN ('open', 'applied', 'rolled-back')");
      if (unknown) throw damaged(file, `the state of run ${String(unknown['run'])} in it is unknown`);
      const [row] = rows("SELECT * FROM journal WHERE state = 'open' ORDER BY rowid DESC LIMIT 1");
      return row && { run: String(row['run']), key: String(row['key']), startedAt: String(row['started_at']) };
    },
    reopen: (id) => void run("UPDATE journal SET state = 'open' WHERE run = ?", id),
    finish(id, how) {
      run('UPDATE journal SET state = ? WHERE run = ?', how, id);
      if (how === 'rolled-back') {
        dropUndo(run, id);
        run('INSERT OR REPLACE INTO owed SELECT * FROM refreshed');
      } else run('DELETE FROM killed');
      run('DELETE FROM refreshed');
    },
    addUndo(id, { address, entry }) {
      preparedUndo ??= insertUndo();
      const text = JSON.stringify(entry);
      preparedUndo.run(id, address, text, checksum(id, address, text));
    },
    undoOf: (id) =>
      rows('SELECT address, entry, checksum FROM undo WHERE run = ? ORDER BY sequence DESC', id).map((row) => {
        const [address, text] = [String(row['address']), String(row['entry'])];
        if (checksum(id, address, text) !== row['checksum'])
          throw damaged(file, `what run ${id} saved of ${address} is not what was written`);
        return { address, entry: JSON.parse(text) as JsonObject };
      }),
    putContent: (id, digest, bytes) =>
      void run('INSERT OR IGNORE INTO content VALUES (?, ?, ?)', id, digest, sealing.seal(bytes)),
    content(id, digest) {
      const [row] = rows('SELECT bytes FROM content WHERE run = ? AND sha256 = ?', id, digest);
      if (!row) throw new Error(`the undo data of run ${id} lacks content ${digest.slice(0, 12)}`);
      return sealing.open(row['bytes'] as Uint8Array);
    },
    requireContents(id) {
      for (const { bytes } of database.prepare('SELECT bytes FROM content WHERE run = ?').iterate(id))
        sealing.open(bytes as Uint8Array);
    },
    owe: ({ address, run: id, because }) => void run('INSERT OR REPLACE INTO owed VALUES (?, ?, ?)', address, id, because),
    settle(address) {
      run(
        "INSERT OR REPLACE INTO refreshed SELECT * FROM owed WHERE address = ? AND EXISTS (SELECT * FROM journal WHERE state = 'open')",
        address,
      );
      run('DELETE FROM owed WHERE address = ?', address);
    },
    owed: () =>
      rows('SELECT * FROM owed ORDER BY address').map((row) => ({
        address: String(row['address']),
        run: String(row['run']),
        because: String(row['because']),
      })),
    quarantine: ({ key, run: id, reason }) => void run('INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?)', key, id, reason),
    quarantined(keyOf) {
      if (rows('SELECT key FROM quarantine LIMIT 1').length === 0) return undefined;
      const key = keyOf();
      const [row] = rows('SELECT * FROM quarantine WHERE key = ?', key);
      return row && { key, run: String(row['run']), reason: String(row['reason']) };
    },
    countKilled(key) {
      const [row] = rows(
        'INSERT INTO killed VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET times = times + 1 RETURNING times',
        key,
      );
      return Number(row?.['times']);
    },
    release() {
      run('DELETE FROM killed');
      return run('DELETE FROM quarantine');
    },
    keyOf(id) {
      const [row] = rows('SELECT key FROM journal WHERE run = ?', id);
      return row && String(row['key']);
    },
    unfinished: () => runsThat("state = 'open'"),
    undoable: () => runsThat("state = 'applied' AND EXISTS (SELECT * FROM undo WHERE undo.run = journal.run)"),
    forget({ runs, bytes }) {
      const finished = runsThat("state != 'open'");
      // Adding up the sizes reads every row; the size of the database is known.
      const isLarge = pageBytes(database).used > bytes;
      const kept = isLarge ? Math.max(1, countWithin(bytes, finished, sizesOf())) : finished.length;
      for (const id of finished.slice(Math.min(runs, kept))) {
        dropUndo(run, id);
        run('DELETE FROM journal WHERE run = ?', id);
      }
    },
  };
}

/** How many of the runs, from the first on, have no more than so many bytes together. */
function countWithin(bytes: number, runs: readonly string[], sizes: ReadonlyMap<string, number>): number {
  let sum = 0;
  const beyond = runs.findIndex((id) => (sum += sizes.get(id) ?? 0) > bytes);
  return beyond < 0 ? runs.length : beyond;
}

function dropUndo(run: (sql: string, id: string) => number, id: string): void {
  run('DELETE FROM undo WHERE run = ?', id);
  run('DELETE FROM content WHERE run = ?', id);
}
