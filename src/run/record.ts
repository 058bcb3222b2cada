import { captureLedger } from '../apply/ledger-undo.ts';
import { isDone } from '../model/plan.ts';
import { formatPosition } from '../model/problem.ts';
import type { Report } from '../model/report.ts';
import type { Revision } from '../model/revision.ts';
import { countSteps } from '../report/make-report.ts';
import { keptRuns } from '../state/runs.ts';
import type { State } from '../state/state.ts';
import type { FullRun, PlannedHost } from './plan-host.ts';
import { stampIfConverged } from './stamp-if-converged.ts';
import { convergedSummary, type Run } from './start-run.ts';

/** The end of a run whose plan has nothing to do. */
export function recordConverged(full: FullRun, run: Run, planned: PlannedHost, state: State): Report {
  const { plan, steps, index } = planned;
  const counts = countSteps(plan.steps, new Map());
  record(full.revision, run, planned, state, undefined);
  stampIfConverged(full, run, planned, index, state);
  return run.report({
    outcome: 'converged',
    summary: convergedSummary(counts, steps),
    counts,
    steps,
    planDigest: plan.digest,
  });
}

/** What the run proved becomes the ledger, in one transaction with the end of its journal and its report where it did something. */
export function record(
  { commit }: Revision,
  run: Run,
  { plan, input }: PlannedHost,
  state: State,
  report: Report | undefined,
): void {
  const isNews = plan.steps.some((step) => step.cause === 'orphan' || isDone(step) || (step.cause === 'adopted' && !step.held));
  if (!isNews && !report) return;
  state.transaction(() => {
    for (const { address, resource, cause, held, sensitive } of plan.steps) {
      if (held || cause === 'converged') continue;
      if (report) state.journal.addUndo(run.id, { address, entry: captureLedger(address, state.ledger) });
      if (cause === 'orphan') {
        state.ledger.remove(address);
        continue;
      }
      const { kind, digest, prune, desired, origin } = resource;
      state.ledger.put({
        address,
        kind,
        digest,
        prune,
        desired,
        sensitive,
        origin: formatPosition(origin.at),
        run: run.id,
        revision: commit,
        appliedAt: run.startedAt,
      });
    }
    if (!report) return;
    state.journal.finish(run.id, 'applied');
    for (const address of input.owed)
      if (!input.graph.batches.flat().some((resource) => resource.address === address)) state.journal.settle(address);
    state.journal.forget(keptRuns);
    state.runs.put(report);
  });
}
