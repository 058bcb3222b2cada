import { ApplyError } from '../apply/apply.ts';
import type { Address } from '../model/catalog.ts';
import { PassingError } from '../model/passing-error.ts';
import { changesOf, isDone, type Plan, type Step } from '../model/plan.ts';
import type { ReportedStep } from '../model/report.ts';
import type { State } from '../state/state.ts';
import { planHost, type FullRun, type PlannedHost } from './plan-host.ts';

/**
 * What to do with resources in which something differs that did not before the run: a package has enabled its unit, or made the file
 * that is to be absent (ADR 0083). Undefined where that does not explain everything.
 */
export async function planLate(
  full: FullRun,
  planned: PlannedHost,
  open: readonly Address[],
  state: State,
): Promise<{ readonly plan: Plan; readonly steps: PlannedHost['steps']; readonly planned: PlannedHost } | undefined> {
  const { planDigest, ...request } = full.request;
  const first = new Map(planned.plan.steps.map((step) => [step.address, step]));
  if (!open.every((address) => first.has(address))) return undefined;
  const { plan, steps, problems, cutOffs } = await planHost({ ...full, request, stamp: undefined }, planned.desired, state);
  const late = new Map(
    plan.steps.filter((step) => isDone(step) && open.includes(step.address)).map((step) => [step.address, step]),
  );
  const isNew = (address: Address): boolean => {
    const [before, now] = [first, late].map((found) => changesOf(found.get(address)!.diff).map(({ field }) => field));
    return now!.every((field) => !before!.includes(field));
  };
  if (!open.every((address) => late.has(address) && isNew(address))) return undefined;
  if (planDigest !== undefined && request.unattended !== true)
    refuseLate(open, 'a plan that was reviewed is not added to; a run without one changes it, too', PassingError);
  // A run that began in a window ends in its own time.
  const problem = problems.find(({ code }) => code !== 'outside-window');
  if (problem) refuseLate(open, problem.message);
  const reported = new Map(
    steps.filter(({ address }) => late.has(address)).map((step) => [step.address, { ...step, late: true as const }]),
  );
  return {
    plan: { ...plan, batches: plan.batches.map((batch) => batch.filter((index) => late.has(plan.steps[index]!.address))) },
    steps: [...reported.values()],
    planned: {
      ...planned,
      plan: { ...planned.plan, steps: planned.plan.steps.map((step) => withLate(step, late.get(step.address))) },
      steps: reportedWithLate(planned, reported),
      cutOffs,
    },
  };
}

/** What the run does to a resource by both plans. */
function withLate(step: Step, late: Step | undefined): Step {
  if (!late || step.diff.action === 'none') return late ?? step;
  return { ...step, diff: { ...step.diff, changes: [...step.diff.changes, ...changesOf(late.diff)] } };
}

/** The same as it is told. Of what was converged before nothing was told. */
function reportedWithLate({ plan, steps }: PlannedHost, reported: ReadonlyMap<Address, ReportedStep>): readonly ReportedStep[] {
  const told = new Map(steps.map((step) => [step.address, step]));
  return plan.steps.flatMap(({ address }) => {
    const [step, late] = [told.get(address), reported.get(address)];
    if (!step || !late || step.action === 'none') return late ?? step ?? [];
    return { ...step, changes: [...step.changes, ...late.changes], diffs: [...step.diffs, ...late.diffs] };
  });
}

/** What the run has brought, and may not change back: it fails, and goes back itself. */
export function refuseLate(brought: readonly Address[], why: string, Fault: new (message: string) => Error = Error): never {
  throw new ApplyError(brought[0]!, new Fault(`this run has brought what has to be changed back: ${why}`));
}
