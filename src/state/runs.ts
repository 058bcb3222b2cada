import type { DatabaseSync } from 'node:sqlite';
import type { Report, RunSummary } from '../model/report.ts';

/** How many reports, and the undo data of how many runs at most, are kept. */
export const keptRuns = 200;

/** Reports of past runs, newest first, in the order in which they ended whatever the clock said. Runs that found nothing to do leave none. */
export interface Runs {
  list(limit: number): readonly Report[];
  summaries(limit: number): readonly RunSummary[];
  /** Without diffs, which are nearly all of a report: no more than one whole report is in memory. */
  briefs(limit: number): readonly Report[];
  /** By its whole id, or by a beginning of it that fits one run only. */
  get(id: string): Report | undefined;
  /** One that is there already stays in its place. */
  put(report: Report): void;
}

export function openRuns(database: DatabaseSync): Runs {
  const parse = (row: Readonly<Record<string, unknown>>): Report => JSON.parse(String(row['report'])) as Report;
  return {
    list: (limit) => database.prepare('SELECT report FROM runs ORDER BY rowid DESC LIMIT ?').all(limit).map(parse),
    summaries: (limit) =>
      database
        .prepare("SELECT json_remove(report, '$.steps') AS report FROM runs ORDER BY rowid DESC LIMIT ?")
        .all(limit)
        .map(parse),
    briefs: (limit) =>
      Array.from(database.prepare('SELECT report FROM runs ORDER BY rowid DESC LIMIT ?').iterate(limit), (row) => {
        const report = parse(row);
        return { ...report, steps: report.steps.map((step) => ({ ...step, diffs: [] })) };
      }),
    get(id) {
      const whole = database.prepare('SELECT report FROM runs WHERE id = ?').get(id);
      if (whole) return parse(whole);
      const [begun, another] = database.prepare('SELECT report FROM runs WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2').all(id);
      return begun && !another ? parse(begun) : undefined;
    },
    put(report) {
      const changed = report.steps.some(({ outcome }) => outcome === 'changed' || outcome === 'restored') ? 1 : 0;
      database
        .prepare(
          `INSERT INTO runs (id, started_at, outcome, changed, report) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
          SET started_at = excluded.started_at, outcome = excluded.outcome, changed = excluded.changed, report = excluded.report`,
        )
        .run(report.run, report.startedAt, report.outcome, changed, JSON.stringify(report));
      database.prepare('DELETE FROM runs WHERE rowid NOT IN (SELECT rowid FROM runs ORDER BY rowid DESC LIMIT ?)').run(keptRuns);
    },
  };
}
