import type { ExitName } from '../model/exit-code.ts';
import { changesOf, isDone, type Change, type Plan, type Preview, type Step } from '../model/plan.ts';
import { formatPosition } from '../model/problem.ts';
import type { Outcome, Report, ReportedDiff, ReportedStep } from '../model/report.ts';
import type { Differ } from './unified-diff.ts';

/** What became of the steps that were to be done, by address. */
export type Outcomes = ReadonlyMap<string, { readonly outcome: Outcome; readonly reason?: string }>;

/** Steps as they are shown and stored: all that are not plainly converged, with diffs, without secrets. */
export async function reportSteps(
  steps: readonly Step[],
  previewsOf: (step: Step) => Iterable<Preview>,
  differ: Differ,
): Promise<ReportedStep[]> {
  const reported: ReportedStep[] = [];
  for (const step of steps) {
    const { address, resource, cause, diff, held, note, sensitive, refreshes } = step;
    const reason = held?.message ?? note;
    if (cause === 'converged' && diff.action === 'none' && !held) continue;
    const { at, role } = resource.origin;
    const diffs: ReportedDiff[] = [];
    if (diff.action !== 'none') diffs.push(...(await diffsOf(step, previewsOf, differ)));
    reported.push({
      address,
      kind: resource.kind,
      cause,
      action: diff.action,
      outcome: held ? 'held' : diff.action === 'none' ? 'unchanged' : 'pending',
      changes: changesOf(diff).map((change) => shownChange(change, sensitive)),
      diffs,
      origin: formatPosition(at),
      ...(role !== undefined && { role }),
      ...(reason !== undefined && { reason }),
      refreshes,
    });
  }
  return reported;
}

/** Contents of a sensitive resource are not even read. */
async function diffsOf(step: Step, previewsOf: (step: Step) => Iterable<Preview>, differ: Differ): Promise<ReportedDiff[]> {
  if (step.sensitive) return [{ path: step.resource.id, text: 'contents hold a secret and are not shown' }];
  const diffs: ReportedDiff[] = [];
  for (const preview of previewsOf(step)) {
    const shown = await differ(preview);
    if (shown === undefined)
      return [...diffs, { path: step.resource.id, text: 'more differs than is shown; the changes name all of it' }];
    diffs.push(shown);
  }
  return diffs;
}

/** Permission bits and owners stay; any other value of a sensitive resource could be the secret, and a digest can be guessed at. */
function shownChange(change: Change, sensitive: boolean): Change {
  if (!sensitive && !change.sensitive) return change;
  const { field, from, to } = change;
  const stays = !change.sensitive && ['mode', 'owner', 'group'].includes(field);
  const hide = (value: Change['from']): Change['from'] => (stays || value === null ? value : '<secret>');
  return { ...change, from: hide(from), to: hide(to), sensitive: true };
}

/** Reported steps with what became of those that were done. */
export const withOutcomes = (steps: readonly ReportedStep[], outcomes: Outcomes): ReportedStep[] =>
  steps.map((step) => ({ ...step, ...outcomes.get(step.address) }));

/** Counts of a plan's steps. `resources` counts what git wants, orphans not. */
export function countSteps(steps: readonly Step[], outcomes: Outcomes): Report['counts'] {
  const open = steps.filter((step) => isDone(step) && outcomes.get(step.address)?.outcome !== 'unchanged');
  const byAction = (...actions: string[]): number => open.filter(({ diff }) => actions.includes(diff.action)).length;
  return {
    resources: steps.filter(({ resource }) => resource.origin.assignment >= 0).length,
    converged: steps.filter(({ diff, held }) => diff.action === 'none' && !held).length,
    create: byAction('create'),
    update: byAction('update', 'replace'),
    remove: byAction('remove'),
    held: steps.filter(({ held }) => held).length,
    failed: [...outcomes.values()].filter(({ outcome }) => outcome === 'failed').length,
    adopted: steps.filter(({ cause }) => cause === 'adopted').length,
  };
}

/** The exit of `--check`: upstream changes (refreshes still owed for earlier ones included), local drift, both or a conflict. */
export function checkOutcome({ steps, owed }: Pick<Plan, 'steps' | 'owed'>): ExitName {
  const different = steps.filter(({ diff, held }) => diff.action !== 'none' && held?.reason !== 'tags');
  const causes = new Set(different.map(({ cause }) => cause));
  const hasDrift = causes.has('drift');
  const hasUpstream = owed.length > 0 || causes.has('upstream') || causes.has('orphan') || causes.has('unmanaged');
  if (causes.has('conflict') || (hasDrift && hasUpstream)) return 'conflict';
  if (hasDrift) return 'driftOnly';
  return hasUpstream ? 'upstreamPending' : 'converged';
}
