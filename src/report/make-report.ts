import { exitCodes, type ExitName } from '../model/exit-code.ts';
import type { Change, Preview, Step } from '../model/plan.ts';
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
    const { address, resource, cause, diff, held, sensitive, refreshes } = step;
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
      changes: diff.action === 'none' ? [] : diff.changes.map((change) => shownChange(change, sensitive)),
      diffs,
      origin: `${at.file}:${at.line}:${at.column}`,
      ...(role !== undefined && { role }),
      ...(held && { reason: held.message }),
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

/** Digests, modes and names stay; any other value of a sensitive resource could be the secret. */
function shownChange(change: Change, sensitive: boolean): Change {
  if (!sensitive && !change.sensitive) return change;
  const hide = (value: Change['from']): Change['from'] =>
    value === null || (typeof value === 'string' && /^([0-7]{4}( |$))?([0-9a-f]{64}|directory|\d+ bytes)?$/.test(value))
      ? value
      : '<secret>';
  const isName = change.field === 'owner' || change.field === 'group';
  return { ...change, from: isName ? change.from : hide(change.from), to: isName ? change.to : hide(change.to), sensitive: true };
}

export const withOutcomes = (steps: readonly ReportedStep[], outcomes: Outcomes): ReportedStep[] =>
  steps.map((step) => ({ ...step, ...outcomes.get(step.address) }));

/** Counts of a plan's steps. `resources` counts what git wants, orphans not. */
export function countSteps(steps: readonly Step[], outcomes: Outcomes): Report['counts'] {
  const open = steps.filter(({ diff, held }) => diff.action !== 'none' && !held);
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

/** The exit of `--check`: upstream changes, local drift, both or a conflict. Design §6. */
export function checkOutcome(steps: readonly Step[]): ExitName {
  const different = steps.filter(({ diff, held }) => diff.action !== 'none' && held?.reason !== 'tags');
  const causes = new Set(different.map(({ cause }) => cause));
  if (causes.size === 0) return 'converged';
  const hasDrift = causes.has('drift');
  const hasUpstream = causes.has('upstream') || causes.has('orphan') || causes.has('unmanaged');
  if (causes.has('conflict') || (hasDrift && hasUpstream)) return 'conflict';
  return hasDrift ? 'driftOnly' : 'upstreamPending';
}

export const exitOf = (outcome: ExitName): number => exitCodes[outcome].code;
