import { refreshRestored } from '../apply/refresh.ts';
import { rollBack } from '../apply/rollback.ts';
import { openLocalHost, type LocalHost } from '../host/local-host.ts';
import { noContents } from '../model/catalog.ts';
import type { Event } from '../model/event.ts';
import type { ExitName } from '../model/exit-code.ts';
import type { Action } from '../model/plan.ts';
import type { Outcome, Report, ReportedStep } from '../model/report.ts';
import { loadResourceTypes, resourceType } from '../resources/registry.ts';
import { startRun } from '../run/start-run.ts';
import { removeStamp } from '../state/converged-stamp.ts';
import { takeLock } from '../state/lock.ts';
import { openState, type State } from '../state/state.ts';

interface RollbackRequest {
  /** A run's id or the beginning of it; the last run that changed something unless told. */
  readonly run: string | undefined;
  readonly root: string | undefined;
  readonly stateDirectory: string;
}

/** Why there is nothing to take back, or not now. */
interface Refused {
  readonly refused: string;
  readonly exit: ExitName;
}

const refused = (reason: string): Refused => ({ refused: reason, exit: 'usage' });

/**
 * Takes back a run that was applied, and every later one first, newest to oldest: what a run replaced is what stood there
 * before it, and later runs have built on it. Their revisions are quarantined, so that the next run does not simply apply
 * them again.
 */
export async function rollBackRuns(
  { run: wanted, root, stateDirectory }: RollbackRequest,
  emit: (event: Event) => void,
): Promise<Report | Refused> {
  const started = performance.now();
  const lock = takeLock(stateDirectory);
  if (!lock) return { refused: 'another run is at work on this host', exit: 'busy' };
  const state = openState(stateDirectory);
  try {
    if (state.journal.open()) return refused('a run was interrupted here; the next reconcile takes it back');
    const undoable = state.journal.undoable();
    const named = wanted === undefined ? undoable.slice(0, 1) : undoable.filter((id) => id.startsWith(wanted));
    if (undoable.length === 0) return refused('no run is left that could be taken back');
    if (named.length !== 1)
      return refused(`no run, or more than one, that could be taken back has an id that begins with '${wanted}'`);
    const runs = undoable.slice(0, undoable.indexOf(named[0]!) + 1);
    const host = openLocalHost({ root });
    try {
      return await takeBack(runs, root, state, host, emit, started);
    } finally {
      host.close();
    }
  } finally {
    state.close();
    lock.release();
  }
}

/** `started` as `startRun` takes it. */
async function takeBack(
  runs: readonly string[],
  root: string | undefined,
  state: State,
  host: LocalHost,
  emit: (event: Event) => void,
  started: number,
): Promise<Report> {
  const reports = runs.map((id) => state.runs.get(id)).filter((report) => report !== undefined);
  const newest = reports[0];
  const nowhere = { commit: null, branch: null, workingTree: false, key: '' };
  const run = startRun({ action: 'converge', root }, newest?.revision ?? nowhere, newest?.host ?? '', started);
  const reason = `asked for: ${runs.join(', ')}`;
  emit({ type: 'run-started', run: run.id, host: newest?.host ?? '', revision: newest?.revision.commit ?? 'working tree' });
  emit({ type: 'rolling-back', run: run.id, reason });
  const steps = reports.flatMap((report) => report.steps.filter(({ outcome }) => outcome === 'changed'));
  await loadResourceTypes();
  removeStamp(state.directory);
  declare(runs, steps, run.id, state);
  const restored = new Set<string>();
  const failed = new Set<string>();
  const failures: string[] = [];
  const ledger = state.ledger.all();
  for (const id of runs) {
    const result = await rollBack(id, state, host, resourceType);
    for (const address of result.restored) restored.add(address);
    for (const address of result.failed) failed.add(address);
    failures.push(...result.failures);
    // An older run stands below this one; what could not be restored would be buried.
    if (result.failures.length > 0) break;
  }
  const deps = { run: run.id, host, state, contents: noContents, ledger, types: resourceType, emit };
  const { signal } = new AbortController();
  const refreshes = [...new Set(steps.flatMap((step) => step.refreshes))];
  failures.push(...(await refreshRestored(refreshes, [...ledger.values()], deps, signal)));
  const undoneSteps = steps.map((step) => undone(step, failed.has(step.address) ? 'failed' : 'restored'));
  const report = run.report({
    action: 'rollback',
    outcome: failures.length === 0 ? 'converged' : 'rollbackIncomplete',
    summary: summaryOf(runs, restored.size, failures),
    steps: undoneSteps,
    counts: countUndone(undoneSteps, restored.size),
    writes: host.writes,
  });
  state.runs.put(report);
  emit({ type: 'finished', run: run.id, report });
  return report;
}

/** The intent, durable before anything is put back: from here on whoever comes next must go on with it. */
function declare(runs: readonly string[], steps: readonly ReportedStep[], by: string, { journal, transaction }: State): void {
  for (const id of runs) journal.requireContents(id);
  transaction(() => {
    for (const id of runs) {
      const key = journal.keyOf(id);
      if (key !== undefined) journal.quarantine({ key, run: id, reason: 'taken back by reconcile rollback' });
      journal.reopen(id);
    }
    for (const { address, refreshes } of steps)
      for (const owed of refreshes) journal.owe({ address: owed, run: by, because: address });
  });
}

const inverse: Readonly<Record<Action, Action>> = { create: 'remove', remove: 'create', update: 'update', replace: 'replace' };

const undone = (step: ReportedStep, outcome: Outcome): ReportedStep => ({
  ...step,
  action: step.action === 'none' ? 'none' : inverse[step.action],
  outcome,
  changes: step.changes.map((change) => ({ ...change, from: change.to, to: change.from })),
  diffs: [],
});

function countUndone(steps: readonly ReportedStep[], resources: number): Report['counts'] {
  const of = (...actions: readonly string[]): number => steps.filter(({ action }) => actions.includes(action)).length;
  const changed = { create: of('create'), update: of('update', 'replace'), remove: of('remove') };
  return { resources, converged: 0, ...changed, held: 0, failed: 0, adopted: 0 };
}

function summaryOf(runs: readonly string[], restored: number, failures: readonly string[]): string {
  const what = runs.length === 1 ? `Run ${runs[0]}` : `${runs.length} runs, back to ${runs.at(-1)},`;
  return failures.length === 0
    ? `${what} taken back: ${restored} ${restored === 1 ? 'resource is' : 'resources are'} as before`
    : `${what} could not be taken back completely: ${failures.join('; ')}`;
}
