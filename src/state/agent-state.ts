import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Memory } from '../model/reporter.ts';
import { makeStateDirectory } from './state-directory.ts';
import { requireKind } from './require-kind.ts';
import { damaged, naming, StateError } from './state-error.ts';

/** What the agent has to remember over restarts, apart from what runs record. */
export interface AgentState extends Disposable {
  /** A place of its own for each part of the agent; names of different parts do not meet. */
  memory(part: string): Memory;
  /** Whether its file is another one by now, or gone: what is open then can never be written again. */
  isReplaced(): boolean;
  close(): void;
}

export const agentFile = (directory: string): string => join(directory, 'agent.db');

const spare = { pages: 16, bytes: 128 * 1024 };

/** Throws `StateError` for a file that is not what was written: it decides which revisions are trusted. */
export function openAgentState(directory: string): AgentState {
  makeStateDirectory(directory);
  const file = agentFile(directory);
  const open = () => {
    requireKind(file, 'file');
    create(file);
    const database = new DatabaseSync(file, { timeout: 5_000 });
    // The journal keeps its room too.
    database.exec(`PRAGMA journal_mode = PERSIST; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS memory (part TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (part, name)) STRICT`);
    keepRoom(database);
    // Asked some twenty times in every pass.
    return { database, select: database.prepare('SELECT value FROM memory WHERE part = ? AND name = ?') };
  };
  const { database, select } = naming(file, { open }).open();
  const inode = inodeOf(file);
  const memory = (part: string): Memory =>
    naming(file, {
      get(name: string) {
        const row = select.get(part, name);
        if (!row) return undefined;
        try {
          return JSON.parse(String(row['value'])) as unknown;
        } catch {
          throw damaged(file, `what it says of ${part} ${name} is not what was written`);
        }
      },
      set(name: string, value: unknown) {
        if (value === undefined) database.prepare('DELETE FROM memory WHERE part = ? AND name = ?').run(part, name);
        else database.prepare('INSERT OR REPLACE INTO memory VALUES (?, ?, ?)').run(part, name, JSON.stringify(value));
      },
    });
  const close = (): void => database.close();
  return { memory, isReplaced: () => inodeOf(file) !== inode, close, [Symbol.dispose]: close };
}

const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;

/** Pages that are there already, in the database and its journal, so that a full disk can be told: only what is remembered is sent. */
function keepRoom(database: DatabaseSync): void {
  const free = Number(database.prepare('PRAGMA freelist_count').get()?.['freelist_count']);
  if (free >= spare.pages) return;
  try {
    database.exec(
      `DROP TABLE IF EXISTS room; CREATE TABLE room (bytes BLOB); INSERT INTO room VALUES (zeroblob(${spare.bytes}))`,
    );
    // What stood there goes through the journal.
    database.exec(`UPDATE room SET bytes = randomblob(${spare.bytes}); DROP TABLE room`);
  } catch {
    // A disk that is full already. A later start tries again.
  }
}

/** For its owner only from the first moment; SQLite's journal takes the mode of the database. */
function create(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    throw new StateError(`${file} cannot be made: ${message}`, 'see to the space and the rights of its filesystem', error);
  }
}
