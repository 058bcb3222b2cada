import { applyPlan, ApplyError, settleKinds, type ApplyDeps, type Stood } from '../apply/apply.ts';
import { refreshOwed } from '../apply/refresh.ts';
import { verify, type Kept, type Verified } from '../apply/verify.ts';
import { openLocalReader } from '../host/local-reader.ts';
import { recordStatIndex, type StatIndex } from '../host/stat-index.ts';
import type { Address } from '../model/catalog.ts';
import { changesOf, isDone, type Plan, type Step } from '../model/plan.ts';
import { PassingError } from '../model/passing-error.ts';
import { healthFailure, type ReportedCheck, type ReportedStep } from '../model/report.ts';
import { planHost, type FullRun, type PlannedHost } from './plan-host.ts';
import { riskOfRun } from './risk-of-run.ts';
import type { Run } from './start-run.ts';
import { watchedPaths } from './watched-paths.ts';

/** Filled as the run goes on, so that a run that fails can tell it too. */
export interface Progress {
  /** With what was planned late. */
  planned: PlannedHost;
  readonly checks: { readonly refreshes: ReportedCheck[]; readonly health: ReportedCheck[] };
}

interface Proof {
  /** What the next run may trust. */
  readonly index: StatIndex;
  readonly stood: Stood;
  readonly kept: Kept;
}

/** Applies the plan, and once more what its packages and programs brought against the configuration; proves both, and asks for health. */
export async function applyAndProve(
  full: FullRun,
  run: Run,
  progress: Progress,
  deps: ApplyDeps,
  hasRisk: boolean,
): Promise<Proof> {
  const captured = new Set<string>();
  let proof = await applyOnce(full, progress.planned.plan, progress, captured, deps);
  const brought = [...proof.open.keys()];
  const late = brought.length > 0 && (await planLate(full, progress.planned, brought, deps));
  if (late) {
    const { planned, steps } = late;
    if (!hasRisk && (await riskOfRun(full, run, planned))) refuseLate(brought, 'that could cut the host off');
    progress.planned = planned;
    deps.emit({ type: 'planned', run: run.id, steps, digest: late.plan.digest });
    const again = await applyOnce(full, late.plan, progress, captured, deps);
    proof = { ...again, stood: new Map([...proof.stood, ...again.stood]) };
  }
  for (const [address, why] of proof.open) throw new ApplyError(address, why);
  const { health } = progress.planned.desired.catalog;
  if (deps.host.live && health.length > 0) {
    // Loading Node's HTTP client takes longer than most runs.
    const { checkHealth } = await import('../apply/health.ts');
    progress.checks.health.push(...(await checkHealth(health, deps.host, full.signal)));
  }
  const sick = healthFailure(progress.checks.health);
  if (sick !== undefined) throw new Error(sick);
  return proof;
}

async function applyOnce(
  { request, signal }: FullRun,
  plan: Plan,
  { planned, checks }: Progress,
  captured: Set<string>,
  deps: ApplyDeps,
): Promise<Proof & Pick<Verified, 'open'>> {
  const { input, desired } = planned;
  const stood = await applyPlan(plan, deps, signal, captured);
  await refreshOwed(desired.graph.batches.flat(), deps, checks.refreshes, signal);
  await settleKinds(new Set(plan.steps.map(({ resource }) => resource.kind)), deps, signal);
  deps.emit({ type: 'verifying', run: deps.run });
  await deps.host.settled(signal);
  const digests = new Map<string, string>();
  // What this run has looked at and nobody has written since, itself included, is as it was; all else is read again.
  const paths = watchedPaths(desired.catalog);
  const index = recordStatIndex(paths, deps.host.realPath, (path) => digests.get(path), planned.index);
  const fresh = openLocalReader({ root: request.root, index: planned.index, looked: index, digests });
  return { index, stood, ...(await verify(planned.plan, desired.graph, input, fresh, signal)) };
}

/**
 * What to do with resources in which something differs that did not before the run: a package has enabled its unit, or made the file
 * that is to be absent (ADR 0083). Undefined where that does not explain everything.
 */
async function planLate(
  full: FullRun,
  planned: PlannedHost,
  open: readonly Address[],
  { state }: ApplyDeps,
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

function refuseLate(brought: readonly Address[], why: string, Fault: new (message: string) => Error = Error): never {
  throw new ApplyError(brought[0]!, new Fault(`this run has brought what has to be changed back: ${why}`));
}
