import { stopTimer } from '../confirm/timer.ts';
import { canUndo, notUndone, notUndoneInWords } from '../apply/not-undone.ts';
import { failuresOf, refreshRestored } from '../apply/refresh.ts';
import { rollBack } from '../apply/rollback.ts';
import { openLocalHost, type LocalHost } from '../host/local-host.ts';
import { noContents } from '../model/catalog.ts';
import type { Event } from '../model/event.ts';
import type { ExitName } from '../model/exit-code.ts';
import { listed } from '../model/listed.ts';
import { monotonic } from '../model/monotonic.ts';
import { sha256 } from '../model/json.ts';
import type { Action, Change } from '../model/plan.ts';
import type { Outcome, Report, ReportedStep, RunSummary, Unrestored } from '../model/report.ts';
import { findResourceType, loadResourceTypes, resourceType } from '../resources/registry.ts';
import { keepReport } from '../run/keep-report.ts';
import { startRun } from '../run/start-run.ts';
import { keptRuns } from '../state/runs.ts';
import { removeStamp } from '../state/converged-stamp.ts';
import { removeStandingChecks } from '../state/standing-checks.ts';
import { readUnconfirmed, removeUnconfirmed, writeUnconfirmed } from '../state/unconfirmed.ts';
import { takeLock } from '../state/lock.ts';
import { openState, type State } from '../state/state.ts';
import { lostSince, type Lost } from './lost-since.ts';

export interface RollbackRequest {
  /** A run's id or the beginning of it; the last run that changed something unless told, and for `latest`. */
  readonly run: string | undefined;
  readonly root: string | undefined;
  readonly stateDirectory: string;
  /** What speaks against the run, where no person asked: said of it, as in `was not confirmed`. */
  readonly because?: string;
  /** Milliseconds to wait for a run that is at work; nothing else is done in this process then. */
  readonly wait?: number;
}

/** Why there is nothing to take back, or to confirm, or not now. */
export interface Refused {
  readonly refused: string;
  readonly exit: ExitName;
}

const refused = (reason: string): Refused => ({ refused: reason, exit: 'usage' });

/** Which runs, newest first. */
export interface Choice {
  readonly runs: readonly string[];
  /** As in the request. */
  readonly because?: string;
}

/**
 * Takes back a run that was applied, and every later one first, newest to oldest: what a run replaced is what stood there
 * before it, and later runs have built on it. Their revisions are quarantined, so that the next run does not simply apply
 * them again. `choose` says which runs, where they are not asked for by name; no other run is at work then.
 */
export async function rollBackRuns(
  { run: wanted, root, stateDirectory, because, wait }: RollbackRequest,
  emit: (event: Event) => void,
  choose: (state: State) => Choice | Refused = (state) => runsDownTo(wanted, state, because),
): Promise<Report | Refused> {
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

/** The run that is asked for, and the later ones. */
export function runsDownTo(asked: string | undefined, { journal, runs }: State, because: string | undefined): Choice | Refused {
  const wanted = asked === 'latest' ? undefined : asked;
  // What was interrupted stands on top of all others.
  const undoable = [...journal.unfinished(), ...journal.undoable()];
  // Of runs within one second, the id of the first is the beginning of the others'.
  const whole = undoable.filter((id) => id === wanted);
  const begun = undoable.filter((id) => wanted !== undefined && id.startsWith(wanted));
  const named = wanted === undefined ? undoable.slice(0, 1) : whole.length > 0 ? whole : begun;
  if (undoable.length === 0) return refused('no run is left that could be taken back');
  if (named.length > 1) return refused(`${named.length} runs that could be taken back begin with '${wanted}'`);
  if (named.length === 0) return refused(whyNone(wanted ?? '', runs.summaries(keptRuns)));
  return { runs: undoable.slice(0, undoable.indexOf(named[0]!) + 1), ...(because !== undefined && { because }) };
}

/** `no run` is what whoever takes back from afar goes by. */
function whyNone(wanted: string, reports: readonly RunSummary[]): string {
  const back = reports.flatMap(({ takenBack }) => takenBack ?? []).find((id) => id.startsWith(wanted));
  if (back !== undefined) return `no run is taken back: run ${back} was taken back already`;
  const lost = reports.flatMap(({ unrestored }) => unrestored ?? []).find(({ run, isOpen }) => !isOpen && run.startsWith(wanted));
  if (lost) return `run ${lost.run} was taken back, but not completely: ${lost.faults.join('; ')}`;
  const found = reports.find(({ run }) => run.startsWith(wanted));
  return found ? `no run is taken back: run ${found.run} has nothing that could be` : `no run begins with '${wanted}'`;
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
  removeStandingChecks(state.directory);
  declare(runs, steps, { by: run.id, reason: because ?? 'taken back by reconcile rollback' }, state);
  const restored = new Set<string>();
  const written = new Map<string, string | undefined>();
  const aside: string[] = [];
  const failed = new Set<string>();
  const failures: string[] = [];
  const unrestored: Unrestored[] = [];
  const applied = state.ledger.all();
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
  const ledger = state.ledger.all();
  const deps = { run: run.id, host: machine, state, contents: noContents, ledger, types: resourceType, emit };
  const { signal } = new AbortController();
  // What was declared, and what a run that was killed had done or left to do.
  const owed = state.journal.owed().map(({ address }) => address);
  failures.push(...failuresOf(await refreshRestored(owed, [...new Map([...applied, ...ledger]).values()], deps, signal)));
  const undoneSteps = steps.map((step) =>
    failed.has(step.address) ? undone(step, 'failed') : undone(step, 'restored', lost.get(step)),
  );
  const made = run.report({
    action: 'rollback',
    outcome: failures.length > 0 ? 'rollbackIncomplete' : because === undefined ? 'converged' : 'rolledBack',
    summary:
      summaryOf(runs, restored.size, [...describeWritten(written), ...aside], failures, because) + lastingInWords(undoneSteps),
    steps: undoneSteps,
    counts: countUndone(undoneSteps, restored.size),
    writes: machine.writes,
    ...(unrestored.length > 0 && { unrestored }),
    ...(failures.length === 0 && { takenBack: runs }),
  });
  const isOpen = unrestored.some((each) => each.isOpen);
  const settled = (isOpen ? [] : reports).flatMap((each): readonly Report[] =>
    each.confirmation ? [{ ...each, confirmation: { ...each.confirmation, state: 'taken-back' } }] : [],
  );
  const report = keepReport(made, state, settled);
  emit({ type: 'finished', run: run.id, report });
  return report;
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

const inverse: Readonly<Record<Action, Action>> = { create: 'remove', remove: 'create', update: 'update', replace: 'replace' };

/** What runs have done, and taking them back undoes. */
export const changedSteps = (reports: readonly Report[]): readonly ReportedStep[] =>
  reports.flatMap(({ steps }) => steps.filter(({ outcome }) => outcome === 'changed'));

/** Begins a sentence. */
export const runsInWords = (runs: readonly string[]): string =>
  runs.length === 1 ? `Run ${runs[0]}` : `${runs.length} runs, back to ${runs.at(-1)},`;

/** Ends a sentence with what cannot be undone, if anything. */
export function lastingInWords(steps: readonly ReportedStep[]): string {
  const stays = notUndoneInWords(steps.filter(({ reason }) => reason === notUndone).map(({ address }) => address));
  return stays.map((each) => `; ${each}`).join('');
}

/** The step that takes one back. */
export function undone(step: ReportedStep, outcome: Outcome, lost: readonly Lost[] = []): ReportedStep {
  const type = findResourceType(step.kind);
  if (type && !canUndo(type)) return { ...step, action: 'none', outcome: 'unchanged', changes: [], diffs: [], reason: notUndone };
  return {
    ...step,
    action: step.action === 'none' ? 'none' : inverse[step.action],
    outcome,
    changes: step.changes.map((change) => ({ ...change, from: fromNow(change, lost), to: change.from })),
    diffs: [],
    ...(lost.length > 0 && { reason: 'changed here since; that is lost' }),
  };
}

/** What the run left, or what stands in its place by now. */
function fromNow({ to }: Change, lost: readonly Lost[]): Change['to'] {
  const found = typeof to === 'string' ? lost.find(({ left }) => left !== null && to.endsWith(left)) : undefined;
  return found ? String(to).replace(found.left!, sha256(found.now)) : to;
}

/** Counts of such steps. */
export function countUndone(steps: readonly ReportedStep[], resources: number): Report['counts'] {
  const of = (...actions: readonly string[]): number => steps.filter(({ action }) => actions.includes(action)).length;
  const changed = { create: of('create'), update: of('update', 'replace'), remove: of('remove') };
  return { resources, converged: 0, ...changed, held: 0, failed: 0, adopted: 0 };
}

function summaryOf(
  runs: readonly string[],
  restored: number,
  others: readonly string[],
  failures: readonly string[],
  because: string | undefined,
): string {
  const which = runsInWords(runs);
  const [what, not] = because === undefined ? [which, 'could not be'] : [`${which} ${because} and was`, 'not'];
  const asBefore = `${restored} ${restored === 1 ? 'resource is' : 'resources are'} as before${others.map((words) => `; ${words}`).join('')}`;
  const after = because === undefined ? '. What it applied waits for a newer revision, or for `reconcile release`' : '';
  return failures.length === 0
    ? `${what} taken back: ${asBefore}${after}`
    : `${what} ${not} taken back completely: ${failures.join('; ')}`;
}

/** In which files others have written since, and what became of that. */
function describeWritten(written: ReadonlyMap<string, string | undefined>): readonly string[] {
  const kept = [...written].filter(([, fault]) => fault === undefined).map(([path]) => path);
  const stays = kept.length === 0 ? [] : [`what others have written since stays in ${listed(kept, 3)}`];
  const lost = [...written].flatMap(([path, fault]) => (fault === undefined ? [] : [`${path} was put back whole: ${fault}`]));
  return [...stays, ...lost.slice(0, 3)];
}
