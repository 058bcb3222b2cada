import type { ApplyDeps, Stood } from '../apply/apply.ts';
import type { Kept } from '../apply/verify.ts';
import { openLocalHost, type LocalHost } from '../host/local-host.ts';
import type { StatIndex } from '../host/stat-index.ts';
import type { Address } from '../model/catalog.ts';
import type { Report } from '../model/report.ts';
import { confirmationOf, type Unconfirmed } from '../model/unconfirmed.ts';
import { applyAndProve, type Progress } from './apply-and-prove.ts';
import type { FullRun, PlannedHost } from './plan-host.ts';
import { countSteps, withOutcomes } from '../report/make-report.ts';
import { resourceType } from '../resources/registry.ts';
import { keepReport } from './keep-report.ts';
import { keptInWords, outcomesApplied, refusal } from './outcomes.ts';
import { quarantineKey } from './quarantine-key.ts';
import { record } from './record.ts';
import { riskOfRun } from './risk-of-run.ts';
import type { Run } from './start-run.ts';
import { takeBack } from './take-back.ts';
import { leaveMarks } from './leave-marks.ts';
import { removeStamp } from '../state/converged-stamp.ts';
import type { State } from '../state/state.ts';

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
  const deps: ApplyDeps = {
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
      const failed = { run, key, progress, deps, begun, isInterrupted: signal.aborted };
      const report = await takeBack(recorded.error, failed);
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

/** What is told of a run that was applied and proved. */
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
