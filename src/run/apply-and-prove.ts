import { applyPlan, ApplyError, settleKinds, type ApplyDeps, type Stood } from '../apply/apply.ts';
import { refreshOwed } from '../apply/refresh.ts';
import { verify, type Kept, type Verified } from '../apply/verify.ts';
import { openLocalReader } from '../host/local-reader.ts';
import { recordStatIndex, type StatIndex } from '../host/stat-index.ts';
import type { Plan } from '../model/plan.ts';
import { healthFailure, type ReportedCheck } from '../model/report.ts';
import type { FullRun, PlannedHost } from './plan-host.ts';
import { planLate, refuseLate } from './plan-late.ts';
import { refreshable } from '../plan/refreshes.ts';
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
  const late = brought.length > 0 && (await planLate(full, progress.planned, brought, deps.state));
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
  await refreshOwed(refreshable(desired.graph, plan), deps, checks.refreshes, signal);
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
