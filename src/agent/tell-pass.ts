import type { Report } from '../model/report.ts';
import type { News } from '../model/reporter.ts';
import type { PassResult } from './pass.ts';
import type { StatusBoard } from './status-board.ts';

export interface TellDeps {
  readonly board: StatusBoard;
  /** Puts a report where `history` finds it, or says why it cannot be kept. */
  keep(report: Report): void;
  tell(news: News): void;
  /**
   * Called after each pass, before it is told: what is managed may be something else. `isAsLeft`: stat calls alone have said that nothing has
   * moved. Throws where the state of a converged host is unusable.
   */
  passed(isAsLeft: boolean): Promise<void>;
}

/** Keeps and tells what became of a pass. Gives the report of it; undefined where nothing was run that is to be told. */
export async function tellPass(
  { report: newest, repair }: PassResult,
  { board, keep, tell, passed }: TellDeps,
  isProof: boolean,
  signal: AbortSignal,
): Promise<Report | undefined> {
  // Only what became of the newest revision is news, where there is any.
  const last = newest ?? repair;
  if (repair && repair !== last && repair.writes > 0) keep(repair);
  // A run that the end of this process has cut short is no news: it was put back, and begins anew with the next start.
  const isCutShort = signal.aborted && last?.outcome !== 'converged';
  await passed([newest, repair].every((report) => !report || report.planDigest === null));
  if (!last || isCutShort) {
    if (isProof) board.worked();
    // How the remotes are, or that a suspension is over.
    tell({ type: 'status', status: board.status() });
    return undefined;
  }
  if (newest) board.ended(newest, new Date());
  // What was repaired may have let the newest one through.
  if (repair && newest?.outcome !== 'converged' && board.keptUp(repair) && repair !== last) keep(repair);
  if (board.isNews(last)) keep(last);
  if (isProof) board.worked();
  tell({ type: 'ended', report: last, status: board.status() });
  return last;
}
