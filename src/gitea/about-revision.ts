import type { ProblemCode } from '../model/problem.ts';
import type { Report } from '../model/report.ts';

const postponing: readonly ProblemCode[] = ['outside-window', 'needs-approval'];

/** Whether the run is only waiting: for a maintenance window, or for somebody's word. */
export const isPostponed = ({ outcome, problems }: Report): boolean =>
  outcome === 'refused' && problems.length > 0 && problems.every(({ code }) => postponing.includes(code));

/** Whether the run found out how the host and its revision get on. One that did not begin says nothing. */
export const isAboutRevision = (report: Report): boolean => report.outcome !== 'busy' && !isPostponed(report);
