import type { Report } from '../model/report.ts';
import type { State } from '../state/state.ts';

/** Keeps the report of a run that has ended, with those that it changes. What cannot be kept is told all the same. */
export function keepReport(report: Report, { runs }: State, changed: readonly Report[] = []): Report {
  try {
    for (const each of [...changed, report]) runs.put(each);
    return report;
  } catch (error) {
    return { ...report, summary: `${report.summary}. This report cannot be kept: ${(error as Error).message}` };
  }
}
