import type { DatabaseSync } from 'node:sqlite';
import type { Report } from '../model/report.ts';

/** How many reports, and the undo data of how many runs, are kept. */
export const keptRuns = 200;

/** Reports of past runs, newest first. Runs that found nothing to do leave none. */
export interface Runs {
  list(limit: number): readonly Report[];
  /** By id, or by a beginning of it that fits one run only. */
  get(id: string): Report | undefined;
  put(report: Report): void;
}

export function openRuns(database: DatabaseSync): Runs {
  const parse = (row: Readonly<Record<string, unknown>>): Report => JSON.parse(String(row['report'])) as Report;
  return {
    list: (limit) => database.prepare('SELECT report FROM runs ORDER BY started_at DESC, id DESC LIMIT ?').all(limit).map(parse),
    get(id) {
      const rows = database.prepare('SELECT report FROM runs WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2').all(id);
      return rows.length === 1 && rows[0] ? parse(rows[0]) : undefined;
    },
    put(report) {
      const changed = report.steps.some(({ outcome }) => outcome === 'changed' || outcome === 'restored') ? 1 : 0;
      database
        .prepare('INSERT OR REPLACE INTO runs (id, started_at, outcome, changed, report) VALUES (?, ?, ?, ?, ?)')
        .run(report.run, report.startedAt, report.outcome, changed, JSON.stringify(report));
      database
        .prepare('DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY started_at DESC, id DESC LIMIT ?)')
        .run(keptRuns);
    },
  };
}
