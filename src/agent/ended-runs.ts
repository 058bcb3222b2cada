import type { Report } from '../model/report.ts';

/** Ended runs that can still be waited for. Their reports may hold the diffs of thousands of files. */
const keptReports = 4;

/** Runs whose end somebody may wait for. */
interface EndedRuns {
  begin(run: string): void;
  end(run: string, report: Report | undefined): void;
  /** Undefined too for one that nobody knows any more. */
  of(run: string): Promise<Report | undefined>;
  /** Nothing ends any more. */
  close(): void;
}

export function openEndedRuns(): EndedRuns {
  const ended = new Map<string, PromiseWithResolvers<Report | undefined>>();
  /** Oldest first. A run that waits for its look may be older than all of them. */
  const over: string[] = [];
  return {
    begin: (run) => void ended.set(run, Promise.withResolvers<Report | undefined>()),
    end(run, report) {
      ended.get(run)?.resolve(report);
      over.push(run);
      for (const old of over.splice(0, over.length - keptReports)) ended.delete(old);
    },
    of: (run) => ended.get(run)?.promise ?? Promise.resolve(undefined),
    close() {
      for (const { resolve } of ended.values()) resolve(undefined);
    },
  };
}
