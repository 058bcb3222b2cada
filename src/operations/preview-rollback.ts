import { notUndone } from '../apply/not-undone.ts';
import type { Event } from '../model/event.ts';
import { monotonic } from '../model/monotonic.ts';
import type { Report, ReportedDiff } from '../model/report.ts';
import { count } from '../report/render-text.ts';
import { reverseDiff } from '../report/reverse-diff.ts';
import { loadResourceTypes } from '../resources/registry.ts';
import { startRun } from '../run/start-run.ts';
import { openState } from '../state/state.ts';
import {
  changedSteps,
  countUndone,
  lastingInWords,
  runsDownTo,
  runsInWords,
  undone,
  type Refused,
  type RollbackRequest,
} from './roll-back-runs.ts';

const reversed = ({ path, text }: ReportedDiff): ReportedDiff => ({ path, text: reverseDiff(text) });

/**
 * What `rollBackRuns` would take back, by what the runs have told of themselves. Nothing is written, and the host is not looked at:
 * what others have changed since then shows only when it is done.
 */
export async function previewRollback(
  { run, root, stateDirectory }: RollbackRequest,
  emit: (event: Event) => void,
): Promise<Report | Refused> {
  const started = monotonic();
  await loadResourceTypes();
  using state = openState(stateDirectory, { readOnly: true });
  if (!state) return { refused: 'no run is recorded', exit: 'usage' };
  const choice = runsDownTo(run, state, undefined);
  if ('refused' in choice) return choice;
  const { runs } = choice;
  const reports = runs.flatMap((id) => state.runs.get(id) ?? []);
  const steps = changedSteps(reports).map((step) => ({ ...undone(step, 'pending'), diffs: step.diffs.map(reversed) }));
  // A run that was interrupted has told nothing of itself.
  const told = new Set(reports.map((report) => report.run));
  const untold = runs.filter((id) => !told.has(id)).flatMap((id) => state.journal.undoOf(id));
  const touched = [...untold, ...steps.filter(({ reason }) => reason !== notUndone)];
  const resources = new Set(touched.map(({ address }) => address)).size;
  const newest = reports[0];
  const nowhere = { commit: null, branch: null, workingTree: false, key: '' };
  const preview = startRun({ action: 'check', root }, newest?.revision ?? nowhere, newest?.host ?? '', started);
  emit({ type: 'run-started', run: preview.id, host: newest?.host ?? '', revision: newest?.revision.commit ?? 'working tree' });
  const report = preview.report({
    action: 'rollback',
    outcome: 'upstreamPending',
    summary: `${runsInWords(runs)} would be taken back: ${count(resources, 'resource')}${lastingInWords(steps)}; nothing was written`,
    steps,
    counts: countUndone(steps, resources),
  });
  emit({ type: 'finished', run: preview.id, report });
  return report;
}
