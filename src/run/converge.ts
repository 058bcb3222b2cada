import { ApplyError, type ApplyDeps, type Stood } from '../apply/apply.ts';
import { canUndo, notUndoneInWords } from '../apply/not-undone.ts';
import { failuresOf, refreshRestored } from '../apply/refresh.ts';
import { rollBack } from '../apply/rollback.ts';
import type { Kept } from '../apply/verify.ts';
import { openLocalHost, type LocalHost } from '../host/local-host.ts';
import type { StatIndex } from '../host/stat-index.ts';
import { isDone, type Step } from '../model/plan.ts';
import { noContents, type Address } from '../model/catalog.ts';
import { isPassing } from '../model/passing-error.ts';
import type { Report, ReportedCheck } from '../model/report.ts';
import { confirmationOf, type Unconfirmed } from '../model/unconfirmed.ts';
import { applyAndProve, type Progress } from './apply-and-prove.ts';
import type { FullRun, PlannedHost } from './plan-host.ts';
import { countSteps, withOutcomes } from '../report/make-report.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { keepReport } from './keep-report.ts';
import { keptInWords, outcomesApplied, outcomesTakenBack, refusal } from './outcomes.ts';
import { quarantineKey } from './quarantine-key.ts';
import { record } from './record.ts';
import { riskOfRun } from './risk-of-run.ts';
import type { Run } from './start-run.ts';
import { leaveMarks } from './leave-marks.ts';
import { removeStamp } from '../state/converged-stamp.ts';
import type { State } from '../state/state.ts';
import { StateError } from '../state/state-error.ts';

/**
 * Does what a rollback still owes where the plan is refused, or where there is none: nobody else would, and what runs here would not
 * be what is configured. As it was last applied, since nothing of a plan that is refused may be run. What fails stays owed.
 */
export async function refreshRefused(
  { request, emit }: FullRun,
  { id, scrub }: Run,
  owed: readonly Address[],
  state: State,
): Promise<readonly ReportedCheck[]> {
  if (owed.length === 0) return [];
  removeStamp(state.directory);
  await loadResourceTypes();
  const host = openLocalHost({ root: request.root });
  try {
    const ledger = state.ledger.all();
    const deps: ApplyDeps = { run: id, host, state, contents: noContents, ledger, types: resourceType, emit };
    return scrub(await refreshRestored(owed, [...ledger.values()], deps, new AbortController().signal));
  } finally {
    host.close();
  }
}

/** Plan → Run, for a plan with something to do: applies, refreshes, verifies, checks health, and records; or takes everything back. */
export async function converge(full: FullRun, run: Run, planned: PlannedHost, state: State): Promise<Report> {
  const { request, revision, emit, signal } = full;
  const { desired } = planned;
  const risk = await riskOfRun(full, run, planned);
  const confirming = risk && (await import('../confirm/arm.ts'));
  const unprotected = risk && (await confirming!.arm(state.directory, risk));
  if (unprotected) return refusal(run, [unprotected], planned);
  removeStamp(state.directory);
  const key = quarantineKey(revision, desired.catalog);
  state.journal.begin(run.id, key, run.startedAt);
  const host = openLocalHost({ root: request.root });
  const begun = new Set<Address>();
  const deps: ConvergeDeps = {
    run: run.id,
    host,
    state,
    contents: desired.catalog.contents,
    ledger: planned.input.ledger,
    types: resourceType,
    emit(event) {
      if (event.type === 'applying') begun.add(event.address);
      emit(event);
    },
    begun,
  };
  const progress: Progress = { planned, checks: { refreshes: [], health: [] } };
  const prove = async (): Promise<Recorded> => {
    const { index, stood, kept } = await applyAndProve(full, run, progress, deps, risk !== undefined);
    const unconfirmed = risk && (await confirming!.beginTerm(state.directory, risk));
    const report = applied(run, progress, host, kept, unconfirmed);
    return { report: recordApplied(run, progress.planned, state, report, stood), index };
  };
  try {
    const recorded = await prove().catch((error: unknown) => ({ error }));
    if ('error' in recorded) {
      const report = await takeBack(recorded.error, key, run, progress, deps, signal.aborted);
      // What is incomplete is tried again by the timer.
      if (risk && report.outcome === 'rolledBack') await confirming!.disarm(state.directory);
      return keepReport(report, state);
    }
    // From here on it is applied, whatever goes wrong. The old stamp was removed before the first change.
    leaveMarks({ ...full, stamp: undefined }, run, progress.planned, recorded.index, state);
    return recorded.report;
  } finally {
    host.close();
  }
}

interface Recorded {
  readonly report: Report;
  readonly index: StatIndex;
}

/** The last step of a commit can fail when it is in effect: what the state says then is what the next run goes by. */
function recordApplied(run: Run, planned: PlannedHost, state: State, report: Report, stood: Stood): Report {
  try {
    record(run, planned, state, report, stood);
    return report;
  } catch (error) {
    if (!isRecorded(run, state)) throw error;
    return { ...report, summary: `${report.summary}. A power cut may take it back: ${(error as Error).message}` };
  }
}

function isRecorded({ id }: Run, { runs }: State): boolean {
  try {
    return runs.get(id) !== undefined;
  } catch {
    return false;
  }
}

/** Why it cannot be, if so. */
function attemptQuarantine(blame: () => void): readonly string[] {
  try {
    blame();
    return [];
  } catch (error) {
    return [`the revision cannot be quarantined: ${(error as Error).message}`];
  }
}

interface ConvergeDeps extends ApplyDeps {
  /** Which steps were begun up to now. */
  readonly begun: ReadonlySet<Address>;
}

function applied(
  run: Run,
  { planned: { plan, steps, desired }, checks }: Progress,
  host: LocalHost,
  kept: Kept,
  unconfirmed: Unconfirmed | undefined,
): Report {
  const outcomes = outcomesApplied(plan.steps, kept);
  const counts = countSteps(plan.steps, outcomes);
  const refreshed = checks.refreshes.length > 0 ? `, ${checks.refreshes.length} refreshed` : '';
  const unchecked = host.live ? 0 : desired.catalog.health.length;
  const skipped =
    unchecked === 0 ? '' : `; skipped ${unchecked} health ${unchecked === 1 ? 'check' : 'checks'}: needs a live host`;
  return run.report({
    outcome: 'converged',
    summary: `Applied and verified: ${counts.create} added, ${counts.update} changed, ${counts.remove} removed${refreshed}${keptInWords(kept)}${skipped}`,
    counts,
    steps: withOutcomes(steps, outcomes),
    planDigest: plan.digest,
    writes: host.writes,
    ...checks,
    ...(unconfirmed && { confirmation: confirmationOf(unconfirmed) }),
  });
}

async function takeBack(
  error: unknown,
  key: string,
  run: Run,
  { planned: { plan, steps, desired }, checks }: Progress,
  deps: ConvergeDeps,
  isInterrupted: boolean,
): Promise<Report> {
  const { state, host, emit } = deps;
  const reason = error instanceof StateError ? `${error.message}; ${error.hint}` : (error as Error).message;
  emit({ type: 'rolling-back', run: run.id, reason });
  const touched = (changed: ReadonlySet<string>): ReadonlySet<string> =>
    new Set([...plan.owed, ...owedBy(plan.steps.filter(isDone), changed, deps, checks)]);
  // What did not fail by itself (a signal came) may be tried again at once, and so may the healing of what was proved before, with what
  // an earlier run has left to be told.
  const isNew = plan.steps.some((step) => isDone(step) && step.cause !== 'drift');
  const isGuilty = !isInterrupted && isNew && !isPassing(error);
  const blame = (): void => {
    if (isGuilty) state.journal.quarantine(run.scrub({ key, run: run.id, reason }));
  };
  const conclude = (changed: ReadonlySet<string>): void => {
    forgetOwed(run, touched(changed), state);
    blame();
  };
  const { restored, changed, aside, failures: left, isOpen } = await rollBack(run.id, state, host, resourceType, conclude);
  const failures = left.length === 0 ? [] : [...left, ...attemptQuarantine(blame)];
  const { signal } = new AbortController();
  const refreshed = await refreshRestored([...touched(changed)], desired.graph.batches.flat(), deps, signal);
  // The resource at which a signal came has done nothing wrong.
  const failed = !isInterrupted && error instanceof ApplyError ? error.address : undefined;
  const lasting = plan.steps
    .filter((step) => deps.begun.has(step.address) && !canUndo(deps.types(step.resource.kind)))
    .map(({ address }) => address);
  const outcomes = outcomesTakenBack(plan.steps, { failed, reason, lasting, restored });
  const all = [...failures, ...failuresOf(refreshed)];
  const stays = [...aside, ...notUndoneInWords(lasting)];
  const why = failed === undefined ? (isInterrupted ? 'Interrupted' : reason) : `${failed} failed: ${reason}`;
  // Many a program ends its last words with a full stop.
  const cause = why.replace(/\.$/, '');
  return run.report({
    ...(!isGuilty && all.length === 0 && { retriable: true }),
    ...(left.length > 0 && { unrestored: [{ run: run.id, faults: left, isOpen }] }),
    outcome: all.length === 0 ? 'rolledBack' : 'rollbackIncomplete',
    summary:
      all.length === 0
        ? `${cause}. Everything was put back as it was${stays.length === 0 ? '' : `, but ${stays.join('; ')}`}${isPassing(error) ? '; the same revision can be tried again' : ''}`
        : `${cause}. The rollback is INCOMPLETE: ${[...all, ...stays].join('; ')}`,
    counts: countSteps(plan.steps, outcomes),
    steps: withOutcomes(steps, outcomes),
    planDigest: plan.digest,
    writes: host.writes,
    ...checks,
  });
}

/** What must be told that a change was taken back: nobody was told of one that was not made. */
function owedBy(
  steps: readonly Step[],
  changed: ReadonlySet<string>,
  { types, state }: ApplyDeps,
  { refreshes }: Progress['checks'],
): readonly string[] {
  const begun = new Set([...state.journal.owed().map(({ address }) => address), ...refreshes.map(({ name }) => name)]);
  return steps.flatMap(({ address, resource: { kind }, refreshes: owed }) => {
    return canUndo(types(kind)) ? (changed.has(address) ? owed : []) : owed.filter((refresh) => begun.has(refresh));
  });
}

function forgetOwed({ id }: Run, touched: ReadonlySet<string>, { journal }: State): void {
  for (const { address, run } of journal.owed()) if (run === id && !touched.has(address)) journal.settle(address);
}
