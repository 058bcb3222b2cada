import { listed } from '../model/listed.ts';
import type { Report, ReportedStep } from '../model/report.ts';

/** Of a report that refuses a stale plan: the same, with what is to be done otherwise now than when it was planned. */
export function withWhatMoved(report: Report, planned: Report): Report {
  const names = namesOfMoved(planned.steps, report.steps);
  if (names.length === 0) return report;
  const moved = listed(names);
  const problems = report.problems.map((problem) =>
    problem.code === 'stale-plan' ? { ...problem, message: `${problem.message}; otherwise than planned: ${moved}` } : problem,
  );
  return { ...report, problems };
}

function namesOfMoved(planned: readonly ReportedStep[], now: readonly ReportedStep[]): readonly string[] {
  const [before, after] = [planned, now].map((steps) => new Map(steps.map((step) => [step.address, workOf(step)])));
  const addresses = new Set([...before!.keys(), ...after!.keys()]);
  return [...addresses].filter((address) => before!.get(address) !== after!.get(address));
}

const workOf = ({ action, changes, refreshes }: ReportedStep): string => JSON.stringify([action, changes, refreshes]);
