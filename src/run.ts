import type { Request } from './pipeline.ts';
import type { ExitName } from './model/exit-code.ts';
import { exitCodes } from './model/exit-code.ts';
import type { Report } from './model/report.ts';
import { version } from './model/version.ts';

/** What is known of a run before anything was looked at. */
export interface Run {
  /** Sorts by time, ends with the process id: `20261120T190412Z-003f9a`. */
  readonly id: string;
  readonly startedAt: string;
  /** A report that says nothing yet; assume the worst until it is completed. */
  report(parts: Partial<Report> & { readonly outcome: ExitName; readonly summary: string }): Report;
}

/** `started` is when the run was asked for, on the clock of `performance.now()`. */
export function startRun(
  request: Pick<Request, 'action' | 'root'>,
  { commit, branch, workingTree, key }: Report['revision'],
  host: string,
  started: number,
): Run {
  const startedAt = new Date(performance.timeOrigin + started).toISOString();
  const id = `${startedAt.replace(/[-:]|\.\d+/g, '')}-${process.pid.toString(16).padStart(6, '0')}`;
  return {
    id,
    startedAt,
    report: (parts) => ({
      schema: 'reconcile.report/1',
      run: id,
      host,
      action: request.action,
      startedAt,
      duration: Math.round(performance.now() - started),
      version,
      revision: { commit, branch, workingTree, key },
      root: request.root ?? null,
      exit: exitCodes[parts.outcome].code,
      counts: { resources: 0, converged: 0, create: 0, update: 0, remove: 0, held: 0, failed: 0, adopted: 0 },
      steps: [],
      refreshes: [],
      health: [],
      problems: [],
      planDigest: null,
      recovered: [],
      writes: 0,
      ...parts,
    }),
  };
}

/** What people read when there was nothing to do. */
export function convergedSummary({ resources, adopted, held }: Report['counts']): string {
  return `Converged: ${resources} resources, nothing to do${adopted > 0 ? ` (${adopted} adopted)` : ''}${held > 0 ? ` (${held} held)` : ''}`;
}
