import { closeSync, openSync } from 'node:fs';
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
  close(): void;
}

/** Throws `StateError` for a file that is not what was written: it decides which revisions are trusted. */
export function openAgentState(directory: string): AgentState {
  makeStateDirectory(directory);
  const file = join(directory, 'agent.db');
  const open = (): DatabaseSync => {
    requireKind(file, 'file');
    create(file);
    const database = new DatabaseSync(file, { timeout: 5_000 });
    database.exec(`PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS memory (part TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (part, name)) STRICT`);
    return database;
  };
  const database = naming(file, { open }).open();
  const memory = (part: string): Memory =>
    naming(file, {
      get(name: string) {
        const row = database.prepare('SELECT value FROM memory WHERE part = ? AND name = ?').get(part, name);
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
  return { memory, close, [Symbol.dispose]: close };
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
