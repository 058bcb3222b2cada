import { notUndone } from '../apply/not-undone.ts';
import type { Event } from '../model/event.ts';
import { monotonic } from '../model/monotonic.ts';
import { openLocalReader } from '../host/local-reader.ts';
import type { Report, ReportedDiff, ReportedStep } from '../model/report.ts';
import { count } from '../report/render-text.ts';
import { reverseDiff } from '../report/reverse-diff.ts';
import { openDiffer, type Differ } from '../report/unified-diff.ts';
import { loadResourceTypes } from '../resources/registry.ts';
import { startRun } from '../run/start-run.ts';
import { openState } from '../state/state.ts';
import { lostSince, type Lost } from './lost-since.ts';
import { lastingInWords, runsInWords } from './rollback-words.ts';
import type { RollbackRequest } from './roll-back-runs.ts';
import { runsDownTo, type Refused } from './runs-down-to.ts';
import { changedSteps, countUndone, undoneStep } from './undone-step.ts';

const reversed = ({ path, text }: ReportedDiff): ReportedDiff => ({ path, text: reverseDiff(text) });

/** What would be taken away, and what put in its place. Where secrets were masked in what a run told, nobody else knows of them. */
async function diffsOf({ diffs }: ReportedStep, lost: readonly Lost[], differ: Differ): Promise<ReportedDiff[]> {
  const others = new Map(lost.map((each) => [each.path, each]));
  const shown: ReportedDiff[] = [];
  for (const diff of diffs) {
    const other = diff.text.includes('<secret>') ? undefined : others.get(diff.path);
    const anew = other && (await differ({ path: diff.path, before: other.now, after: other.before() }));
    shown.push(anew ?? reversed(diff));
  }
  return shown;
}

/**
 * What `rollBackRuns` would take back, by what the runs have told of themselves, and by what stands in their whole files now. Nothing
 * is written. What others have changed since elsewhere shows only when it is done.
 */
export async function previewRollback(request: RollbackRequest, emit: (event: Event) => void): Promise<Report | Refused> {
  const { root, stateDirectory } = request;
  const started = monotonic();
  await loadResourceTypes();
  using state = openState(stateDirectory, { readOnly: true });
  if (!state) return { refused: 'no run is recorded', exit: 'usage' };
  const choice = runsDownTo(request, state);
  if ('refused' in choice) return choice;
  const { runs } = choice;
  const differ = openDiffer();
  const reports = runs.flatMap((id) => state.runs.get(id) ?? []);
  const lost = lostSince(runs, reports, state, openLocalReader({ root }));
  const steps: ReportedStep[] = [];
  for (const step of changedSteps(reports))
    steps.push({ ...undoneStep(step, 'pending', lost.get(step)), diffs: await diffsOf(step, lost.get(step) ?? [], differ) });
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
