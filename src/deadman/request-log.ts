import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { usePath } from '../host/use-path.ts';

/** One row of the request log (roles/request_log). */
export interface LogRow {
  /** `2026-11-20T12:00:00Z`. */
  readonly timestamp: string;
  readonly agent: string;
  /** What was done. */
  readonly action: string;
  /** Unit or configuration that it was done to. */
  readonly endpoint: string;
  readonly status: 'success' | 'error' | 'timeout' | 'fallback';
  /** Both digests of the configuration, and why. */
  readonly text: string;
}

/** Another program may be writing for a moment. Milliseconds. */
const busyTimeout = 2_000;

/**
 * Adds rows, all or none. Throws when the log is not there or cannot be written; it is never made here, because whoever makes it
 * decides its columns.
 */
export function logRows(file: string, rows: readonly LogRow[]): void {
  if (!existsSync(file)) throw new Error(`${file} does not exist; the role request_log makes it`);
  const used = usePath(file, '', (real) => addRows(real, rows));
  if (!used) throw new Error(`${file}: others than its owner can put another file in its place`);
}

function addRows(file: string, rows: readonly LogRow[]): void {
  const database = new DatabaseSync(file, { timeout: busyTimeout });
  try {
    database.exec('BEGIN IMMEDIATE');
    const insert = database.prepare(
      'INSERT INTO request_log (timestamp, agent_name, provider, model, endpoint, status, error_message) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    for (const { timestamp, agent, action, endpoint, status, text } of rows)
      insert.run(timestamp, agent, 'deadman', action, endpoint, status, text);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}
