import { canUndo, notUndone } from '../apply/not-undone.ts';
import { sha256 } from '../model/json.ts';
import type { Action, Change } from '../model/plan.ts';
import type { Outcome, Report, ReportedStep } from '../model/report.ts';
import { findResourceType } from '../resources/registry.ts';
import type { Lost } from './lost-since.ts';

const inverse: Readonly<Record<Action, Action>> = { create: 'remove', remove: 'create', update: 'update', replace: 'replace' };

/** What runs have done, and taking them back undoes. */
export const changedSteps = (reports: readonly Report[]): readonly ReportedStep[] =>
  reports.flatMap(({ steps }) => steps.filter(({ outcome }) => outcome === 'changed'));

/** The step that takes one back. */
export function undoneStep(step: ReportedStep, outcome: Outcome, lost: readonly Lost[] = []): ReportedStep {
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
