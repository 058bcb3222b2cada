import { failuresOf, refreshRestored } from '../apply/refresh.ts';
import { rollBack } from '../apply/rollback.ts';
import { stopTimer } from '../confirm/timer.ts';
import { openLocalHost, type LocalHost } from '../host/local-host.ts';
import { noContents, type Address } from '../model/catalog.ts';
import type { Event } from '../model/event.ts';
import { monotonic } from '../model/monotonic.ts';
import type { Report, ReportedCheck, ReportedStep, Unrestored } from '../model/report.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { keepReport } from '../run/keep-report.ts';
import { startRun } from '../run/start-run.ts';
import { removeStamp } from '../state/converged-stamp.ts';
import { takeLock } from '../state/lock.ts';
import { forgetStandingChecks } from '../state/standing-checks.ts';
import { openState, type State } from '../state/state.ts';
import { readUnconfirmed, removeUnconfirmed, writeUnconfirmed } from '../state/unconfirmed.ts';
import { lostSince } from './lost-since.ts';
import { describeWritten, lastingInWords, rollbackSummary } from './rollback-words.ts';
import { runsDownTo, type Asked, type Choice, type Refused } from './runs-down-to.ts';
import { changedSteps, countUndone, undoneStep } from './undone-step.ts';

export interface RollbackRequest extends Asked {
  readonly root: string | undefined;
  readonly stateDirectory: string;
  /** Milliseconds to wait for a run that is at work; nothing else is done in this process then. */
  readonly wait?: number;
}

/**
 * Takes back a run that was applied, and every later one first, newest to oldest: what a run replaced is what stood there
 * before it, and later runs have built on it. Their revisions are quarantined, so that the next run does not simply apply
 * them again. `choose` says which runs, where they are not asked for by name; no other run is at work then.
 */
export async function rollBackRuns(
  request: RollbackRequest,
  emit: (event: Event) => void,
  choose: (state: State) => Choice | Refused = (state) => runsDownTo(request, state),
): Promise<Report | Refused> {
  const { root, stateDirectory, wait } = request;
  const started = monotonic();
  using lock = takeLock(stateDirectory, wait);
  if (!lock) return { refused: 'another run is at work on this host', exit: 'busy' };
  using state = openState(stateDirectory);
  const choice = choose(state);
  if ('refused' in choice) return choice;
  const host = openLocalHost({ root });
  try {
    const report = await takeBack(choice, root, state, host, emit, started);
    if (!report.unrestored?.some(({ isOpen }) => isOpen)) await endWaiting(choice, report.run, state.directory);
    return report;
  } finally {
    host.close();
  }
}

/** What was taken back need not be confirmed. Who followed the run and did not take it back finds a note. */
async function endWaiting({ runs, because }: Choice, by: string, directory: string): Promise<void> {
  const waiting = readUnconfirmed(directory);
  if (!waiting || waiting.takenBack !== undefined || !runs.includes(waiting.run)) return;
  if (because) writeUnconfirmed(directory, { ...waiting, takenBack: by });
  else removeUnconfirmed(directory);
  await stopTimer(directory);
}

/** `started` as `startRun` takes it. */
async function takeBack(
  { runs, because }: Choice,
  root: string | undefined,
  state: State,
  machine: LocalHost,
  emit: (event: Event) => void,
  started: number,
): Promise<Report> {
  const reports = runs.map((id) => state.runs.get(id)).filter((report) => report !== undefined);
  // What was killed has left no report.
  const newest = reports[0];
  const host = newest?.host ?? state.runs.summaries(1)[0]?.host ?? '';
  const nowhere = { commit: null, branch: null, workingTree: false, key: state.journal.keyOf(runs[0]!) ?? '' };
  const run = startRun({ action: 'converge', root }, newest?.revision ?? nowhere, host, started);
  const reason = because === undefined ? `asked for: ${runs.join(', ')}` : `run ${runs.join(', ')} ${because}`;
  emit({ type: 'run-started', run: run.id, host, revision: newest?.revision.commit ?? 'working tree' });
  emit({ type: 'rolling-back', run: run.id, reason });
  const steps = changedSteps(reports);
  await loadResourceTypes();
  const lost = lostSince(runs, reports, state, machine);
  removeStamp(state.directory);
  forgetStandingChecks(state.directory);
  declare(runs, steps, { by: run.id, reason: because ?? 'taken back by reconcile rollback' }, state);
  const applied = state.ledger.all();
  const back = await rollBackEach(runs, state, machine);
  const failures = [...back.failures, ...failuresOf(await refreshOwed(applied, run.id, state, machine, emit))];
  const undone = steps.map((step) =>
    back.failed.has(step.address) ? undoneStep(step, 'failed') : undoneStep(step, 'restored', lost.get(step)),
  );
  const others = [...describeWritten(back.written), ...back.aside];
  const made = run.report({
    action: 'rollback',
    outcome: failures.length > 0 ? 'rollbackIncomplete' : because === undefined ? 'converged' : 'rolledBack',
    summary: rollbackSummary(runs, back.restored.size, others, failures, because) + lastingInWords(undone),
    steps: undone,
    counts: countUndone(undone, back.restored.size),
    writes: machine.writes,
    ...(back.unrestored.length > 0 && { unrestored: back.unrestored }),
    ...(failures.length === 0 && { takenBack: runs }),
  });
  const isOpen = back.unrestored.some((each) => each.isOpen);
  const settled = (isOpen ? [] : reports).flatMap((each): readonly Report[] =>
    each.confirmation ? [{ ...each, confirmation: { ...each.confirmation, state: 'taken-back' } }] : [],
  );
  const report = keepReport(made, state, settled);
  emit({ type: 'finished', run: run.id, report });
  return report;
}

/** What became of all of them. */
async function rollBackEach(runs: readonly string[], state: State, machine: LocalHost) {
  const restored = new Set<Address>();
  const written = new Map<string, string | undefined>();
  const aside: string[] = [];
  const failed = new Set<Address>();
  const failures: string[] = [];
  const unrestored: Unrestored[] = [];
  for (const id of runs) {
    const result = await rollBack(id, state, machine, resourceType);
    for (const address of result.restored) restored.add(address);
    for (const [path, fault] of result.written) written.set(path, fault);
    aside.push(...result.aside);
    for (const address of result.failed) failed.add(address);
    failures.push(...result.failures);
    if (result.failures.length > 0) unrestored.push({ run: id, faults: result.failures, isOpen: result.isOpen });
    // An older run stands below this one; what could not be restored would be buried.
    if (result.isOpen) break;
  }
  return { restored, written, aside, failed, failures, unrestored };
}

/** What was declared, and what a run that was killed had done or left to do. `applied`: the ledger before anything was taken back. */
async function refreshOwed(
  applied: ReturnType<State['ledger']['all']>,
  run: string,
  state: State,
  host: LocalHost,
  emit: (event: Event) => void,
): Promise<readonly ReportedCheck[]> {
  const ledger = state.ledger.all();
  const deps = { run, host, state, contents: noContents, ledger, types: resourceType, emit };
  const owed = state.journal.owed().map(({ address }) => address);
  return refreshRestored(owed, [...new Map([...applied, ...ledger]).values()], deps, new AbortController().signal);
}

/** The intent, durable before anything is put back: from here on whoever comes next must go on with it. */
function declare(
  runs: readonly string[],
  steps: readonly ReportedStep[],
  { by, reason }: { readonly by: string; readonly reason: string },
  { journal, transaction }: State,
): void {
  for (const id of runs) journal.requireContents(id);
  transaction(() => {
    for (const id of runs) {
      const key = journal.keyOf(id);
      if (key !== undefined) journal.quarantine({ key, run: id, reason });
      journal.reopen(id);
    }
    for (const { address, refreshes } of steps)
      for (const owed of refreshes) journal.owe({ address: owed, run: by, because: address });
  });
}
