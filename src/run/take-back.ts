import { ApplyError, type ApplyDeps } from '../apply/apply.ts';
import { canUndo, notUndoneInWords } from '../apply/not-undone.ts';
import { failuresOf, refreshRestored } from '../apply/refresh.ts';
import { rollBack } from '../apply/rollback.ts';
import type { Address } from '../model/catalog.ts';
import { isPassing } from '../model/passing-error.ts';
import { isDone, type Step } from '../model/plan.ts';
import type { Report } from '../model/report.ts';
import { refreshable } from '../plan/refreshes.ts';
import { countSteps, withOutcomes } from '../report/make-report.ts';
import { StateError } from '../state/state-error.ts';
import type { Progress } from './apply-and-prove.ts';
import { outcomesTakenBack } from './outcomes.ts';
import type { Run } from './start-run.ts';

/** A run that has failed, as far as it came. */
interface FailedRun {
  readonly run: Run;
  /** What is quarantined where the revision is to blame. */
  readonly key: string;
  readonly progress: Progress;
  readonly deps: ApplyDeps;
  /** Steps that were begun. */
  readonly begun: ReadonlySet<Address>;
  /** A signal has ended it. */
  readonly isInterrupted: boolean;
}

/** Puts back what the run has changed, tells whom it concerns, and quarantines the revision where that is to blame. */
export async function takeBack(error: unknown, failedRun: FailedRun): Promise<Report> {
  const { run, progress, deps, begun, isInterrupted } = failedRun;
  const { plan, steps, desired } = progress.planned;
  const { state, host, types, emit } = deps;
  const reason = error instanceof StateError ? `${error.message}; ${error.hint}` : (error as Error).message;
  emit({ type: 'rolling-back', run: run.id, reason });
  const isGuilty = isToBlame(error, failedRun);
  const blame = (): void => {
    if (isGuilty) state.journal.quarantine(run.scrub({ key: failedRun.key, run: run.id, reason }));
  };
  const owed = (changed: ReadonlySet<Address>): ReadonlySet<Address> => owedRefreshes(changed, failedRun);
  const conclude = (changed: ReadonlySet<Address>): void => {
    forgetOwed(run, owed(changed), deps);
    blame();
  };
  const rolledBack = await rollBack(run.id, state, host, types, conclude);
  const unrestored = rolledBack.failures.length === 0 ? [] : [...rolledBack.failures, ...faultOf(blame)];
  const { signal } = new AbortController();
  const refreshed = await refreshRestored([...owed(rolledBack.changed)], refreshable(desired.graph, plan), deps, signal);
  const failures = [...unrestored, ...failuresOf(refreshed)];
  // The resource at which a signal came has done nothing wrong.
  const failed = !isInterrupted && error instanceof ApplyError ? error.address : undefined;
  const lasting = plan.steps
    .filter(({ address, resource }) => begun.has(address) && !canUndo(types(resource.kind)))
    .map(({ address }) => address);
  const outcomes = outcomesTakenBack(plan.steps, { failed, reason, lasting, restored: rolledBack.restored });
  const why = failed === undefined ? (isInterrupted ? 'Interrupted' : reason) : `${failed} failed: ${reason}`;
  const stays = [...rolledBack.aside, ...notUndoneInWords(lasting)];
  return run.report({
    ...(!isGuilty && failures.length === 0 && { retriable: true }),
    ...(rolledBack.failures.length > 0 && {
      unrestored: [{ run: run.id, faults: rolledBack.failures, isOpen: rolledBack.isOpen }],
    }),
    outcome: failures.length === 0 ? 'rolledBack' : 'rollbackIncomplete',
    summary: summaryOf(why, failures, stays, isPassing(error)),
    counts: countSteps(plan.steps, outcomes),
    steps: withOutcomes(steps, outcomes),
    planDigest: plan.digest,
    writes: host.writes,
    ...progress.checks,
  });
}

/**
 * Whether the revision is to blame. It is not where the run did not fail by itself (a signal came), nor for the healing of what was
 * proved before, with what an earlier run has left to be told: those may be tried again at once.
 */
function isToBlame(error: unknown, { progress: { planned }, isInterrupted }: FailedRun): boolean {
  const isNew = planned.plan.steps.some((step) => isDone(step) && step.cause !== 'drift');
  return !isInterrupted && isNew && !isPassing(error);
}

function summaryOf(why: string, failures: readonly string[], stays: readonly string[], mayPass: boolean): string {
  // Many a program ends its last words with a full stop.
  const cause = why.replace(/\.$/, '');
  if (failures.length > 0) return `${cause}. The rollback is INCOMPLETE: ${[...failures, ...stays].join('; ')}`;
  const but = stays.length === 0 ? '' : `, but ${stays.join('; ')}`;
  return `${cause}. Everything was put back as it was${but}${mayPass ? '; the same revision can be tried again' : ''}`;
}

/** Why the revision cannot be quarantined, if so. */
function faultOf(blame: () => void): readonly string[] {
  try {
    blame();
    return [];
  } catch (error) {
    return [`the revision cannot be quarantined: ${(error as Error).message}`];
  }
}

/** What must be told that a change was taken back: nobody was told of one that was not made. */
function owedRefreshes(changed: ReadonlySet<Address>, { progress: { planned, checks }, deps }: FailedRun): ReadonlySet<Address> {
  const { types, state } = deps;
  const begun = new Set([...state.journal.owed().map(({ address }) => address), ...checks.refreshes.map(({ name }) => name)]);
  const owedBy = ({ address, resource: { kind }, refreshes }: Step): readonly Address[] =>
    canUndo(types(kind)) ? (changed.has(address) ? refreshes : []) : refreshes.filter((refresh) => begun.has(refresh));
  return new Set([...planned.plan.owed, ...planned.plan.steps.filter(isDone).flatMap(owedBy)]);
}

function forgetOwed({ id }: Run, owed: ReadonlySet<Address>, { state: { journal } }: ApplyDeps): void {
  for (const { address, run } of journal.owed()) if (run === id && !owed.has(address)) journal.settle(address);
}
