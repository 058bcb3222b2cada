import { isDeepStrictEqual } from 'node:util';
import type { Stood } from '../apply/apply.ts';
import { captureLedger } from '../apply/ledger-undo.ts';
import { appliedBy } from '../model/last-applied.ts';
import { isDone, type Step } from '../model/plan.ts';
import { uncommittedMark, type Report } from '../model/report.ts';
import { keptUndo } from '../model/undo-limit.ts';
import { madeOf } from '../plan/made.ts';
import type { PlanInput } from '../plan/make-plan.ts';
import { countSteps } from '../report/make-report.ts';
import { keptRuns } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import type { FullRun, PlannedHost } from './plan-host.ts';
import { leaveMarks } from './leave-marks.ts';
import { convergedSummary, type Run } from './start-run.ts';

/** The end of a run whose plan has nothing to do. */
export function recordConverged(full: FullRun, run: Run, planned: PlannedHost, state: State): Report {
  const { plan, steps, index } = planned;
  const counts = countSteps(plan.steps, new Map());
  record(run, planned, state, undefined);
  leaveMarks(full, run, planned, index, state);
  return run.report({
    outcome: 'converged',
    summary: convergedSummary(counts, steps),
    counts,
    steps,
    planDigest: plan.digest,
  });
}

/** Whether git says anew how the resource is to leave the host, whom it tells, or that it is secret, and nothing else of it is news. */
function hasNewRule({ address, resource, cause, sensitive }: Step, ledger: PlanInput['ledger']): boolean {
  const last = cause === 'orphan' ? undefined : ledger.get(address);
  if (!last) return false;
  return last.prune !== resource.prune || last.sensitive !== sensitive || !isDeepStrictEqual(last.notify, resource.notify);
}

/** What the run proved becomes the ledger, in one transaction with the end of its journal and its report where it did something. */
export function record(run: Run, { plan, input }: PlannedHost, state: State, report: Report | undefined, stood?: Stood): void {
  const isNews = plan.steps.some(
    (step) =>
      step.cause === 'orphan' || isDone(step) || (step.cause === 'adopted' && !step.held) || hasNewRule(step, input.ledger),
  );
  if (!isNews && !report) return;
  const ledger = new Map(input.ledger);
  const { commit, uncommitted } = run.revision;
  const revision = commit !== null && uncommitted ? `${commit}${uncommittedMark}` : commit;
  state.transaction(() => {
    for (const step of plan.steps) {
      const { address, resource, cause, held, sensitive } = step;
      const isAsBefore = held !== undefined || cause === 'converged';
      if (isAsBefore && !hasNewRule(step, input.ledger)) continue;
      if (report) state.journal.addUndo(run.id, { address, entry: captureLedger(address, state.ledger) });
      if (cause === 'orphan') {
        state.ledger.remove(address);
        continue;
      }
      const before = isAsBefore && state.ledger.get(address);
      if (before) {
        state.ledger.put({ ...before, prune: resource.prune, notify: resource.notify, sensitive });
        continue;
      }
      const made = madeOf(resource, input.types(resource.kind), ledger, stood?.get(address));
      const entry = { ...appliedBy(step), run: run.id, revision, appliedAt: run.startedAt, made };
      state.ledger.put(entry);
      // What one of this run made, the next one that names it found.
      ledger.set(address, entry);
    }
    if (!report) return;
    state.journal.finish(run.id, 'applied');
    for (const address of input.owed)
      if (!input.graph.batches.flat().some((resource) => resource.address === address)) state.journal.settle(address);
    state.journal.forget({ runs: keptRuns, bytes: keptUndo });
    state.runs.put(report);
  });
  // What is free is used by the next runs, and giving it back moves what stands behind it.
  state.shrink(keptUndo / 4);
}
