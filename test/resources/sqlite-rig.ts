import { DatabaseSync } from 'node:sqlite';

/** A schema, and one that has a column and a table more. */
export const schema = `
  PRAGMA journal_mode = wal;
  PRAGMA user_version = 2;
  CREATE TABLE IF NOT EXISTS request_log (id INTEGER PRIMARY KEY, agent_name TEXT NOT NULL, at TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS request_log_agent ON request_log (agent_name, at);`;
export const wider = schema
  .replace('at TEXT NOT NULL)', 'at TEXT NOT NULL, cost REAL NOT NULL DEFAULT 0)')
  .concat('CREATE TABLE providers (name TEXT PRIMARY KEY);');

/** Adds rows in one transaction. */
export const insert = (count: number) => (opened: DatabaseSync) => {
  const add = opened.prepare('INSERT INTO request_log (agent_name, at) VALUES (?, ?)');
  opened.exec('BEGIN');
  for (let index = 0; index < count; index++) add.run(`agent ${index}`, '2026-11-20');
  opened.exec('COMMIT');
};

/** Opens a database, and closes it again. */
export function useDatabase<T>(path: string, act: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    return act(database);
  } finally {
    database.close();
  }
}
