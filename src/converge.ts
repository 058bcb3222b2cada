import { setTimeout as sleep } from 'node:timers/promises';
import { applyPlan, ApplyError, type ApplyDeps } from './apply/apply.ts';
import { checkHealth } from './apply/health.ts';
import { captureLedger } from './apply/ledger-undo.ts';
import { refreshOwed, refreshRestored } from './apply/refresh.ts';
import { rollBack } from './apply/rollback.ts';
import { verify } from './apply/verify.ts';
import { openLocalHost, type LocalHost } from './host/local-host.ts';
import { openLocalReader } from './host/local-reader.ts';
import { recordStatIndex, type StatIndex } from './host/stat-index.ts';
import type { Outcome, Report, ReportedCheck } from './model/report.ts';
import type { Revision } from './model/revision.ts';
import type { Request } from './pipeline.ts';
import { isDone, isSensitive } from './plan/make-plan.ts';
import { rootOf, watchedPaths, type FullRun, type PlannedHost } from './plan-host.ts';
import { countSteps, withOutcomes, type Outcomes } from './report/make-report.ts';
import { resourceType } from './resources/registry.ts';
import { convergedSummary, type Run } from './run.ts';
import { writeCatalog } from './state/catalog-cache.ts';
import { removeStamp, writeStamp } from './state/converged-stamp.ts';
import { keptRuns } from './state/runs.ts';
import type { State } from './state/state.ts';

/** A file younger than this could change again without a trace in its timestamps; verification waits it out. Milliseconds. */
const timestampTick = 11;

const openHost = (request: Request): LocalHost => openLocalHost(rootOf(request));

/** Puts back what a run that was killed had changed. A Report when that fails: nothing else is done then. */
export async function recover(
  { request, emit }: FullRun,
  state: State,
  run: Run,
): Promise<{ readonly restored: readonly string[] } | Report> {
  const open = state.journal.open();
  if (!open) return { restored: [] };
  removeStamp(state.directory);
  const host = openHost(request);
  try {
    const { restored, failures } = await rollBack(open.run, state, host, resourceType);
    if (failures.length === 0) {
      emit({ type: 'recovered', run: open.run, addresses: restored });
      return { restored };
    }
    const problems = failures.map((message) => ({ code: 'unsafe-target' as const, message }));
    return run.report({
      outcome: 'rollbackIncomplete',
      summary: `Run ${open.run} was interrupted and cannot be taken back completely; nothing else was done`,
      problems,
    });
  } finally {
    host.close();
  }
}

/** Plan → Run: applies, refreshes, verifies, checks health, and records; or takes everything back. */
export async function converge(full: FullRun, run: Run, planned: PlannedHost, state: State): Promise<Report> {
  const { request, revision, emit, signal } = full;
  const { plan, desired } = planned;
  const isWork = plan.steps.some(isDone) || plan.owed.length > 0;
  if (!isWork) {
    const counts = countSteps(plan.steps, new Map());
    record(revision, run, planned, state, undefined);
    stampIfConverged(full, run, planned, planned.index, state);
    return run.report({
      outcome: 'converged',
      summary: convergedSummary(counts),
      counts,
      steps: planned.steps,
      planDigest: plan.digest,
    });
  }
  removeStamp(state.directory);
  state.journal.begin(run.id, full.key, run.startedAt);
  const host = openHost(request);
  const deps: ApplyDeps = {
    run: run.id,
    host,
    state,
    contents: desired.catalog.contents,
    ledger: planned.input.ledger,
    types: resourceType,
    emit,
  };
  try {
    const { checks, index } = await applyAndProve(request, run, planned, deps, signal);
    const report = applied(run, planned, host, checks);
    record(revision, run, planned, state, report);
    stampIfConverged(full, run, planned, index, state);
    return report;
  } catch (error) {
    const report = await takeBack(error, full.key, run, planned, deps, signal.aborted);
    state.runs.put(report);
    return report;
  } finally {
    host.close();
  }
}

interface Checks {
  readonly refreshes: readonly ReportedCheck[];
  readonly health: readonly ReportedCheck[];
}

interface Proof {
  readonly checks: Checks;
  readonly index: StatIndex;
}

async function applyAndProve(
  request: Request,
  run: Run,
  planned: PlannedHost,
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<Proof> {
  const { plan, input, desired } = planned;
  await applyPlan(plan, deps, signal);
  const refreshes = await refreshOwed(desired.graph.batches.flat(), deps, signal);
  deps.emit({ type: 'verifying', run: run.id });
  await sleep(timestampTick, undefined, { signal });
  const digests = new Map<string, string>();
  const fresh = openLocalReader({ ...rootOf(request), digests });
  const index = recordStatIndex(watchedPaths(desired.catalog), fresh.realPath, (path) => digests.get(path));
  const [open] = await verify(plan, desired.graph, input, fresh, signal);
  if (open !== undefined) throw new ApplyError(open, new Error('still differs from the configuration after it was applied'));
  const health = deps.host.live ? await checkHealth(desired.catalog.health, deps.host, signal) : [];
  const sick = health.find(({ ok }) => !ok);
  if (sick) throw new HealthError(sick, health);
  return { checks: { refreshes, health }, index };
}

class HealthError extends Error {
  readonly health: readonly ReportedCheck[];

  constructor({ name, message }: ReportedCheck, health: readonly ReportedCheck[]) {
    super(`health check failed: ${name}: ${message}`);
    this.health = health;
  }
}

function applied(run: Run, { plan, steps }: PlannedHost, host: LocalHost, checks: Checks): Report {
  const done = plan.steps.filter(isDone);
  const outcomes: Outcomes = new Map(done.map(({ address }) => [address, { outcome: 'changed' }]));
  const counts = countSteps(plan.steps, outcomes);
  const refreshed = checks.refreshes.length > 0 ? `, ${checks.refreshes.length} refreshed` : '';
  return run.report({
    outcome: 'converged',
    summary: `Applied and verified: ${counts.create} added, ${counts.update} changed, ${counts.remove} removed${refreshed}`,
    counts,
    steps: withOutcomes(steps, outcomes),
    planDigest: plan.digest,
    writes: host.writes,
    ...checks,
  });
}

async function takeBack(
  error: unknown,
  key: string,
  run: Run,
  planned: PlannedHost,
  deps: ApplyDeps,
  isInterrupted: boolean,
): Promise<Report> {
  const { plan, steps, desired } = planned;
  const { state, host, emit } = deps;
  const reason = (error as Error).message;
  emit({ type: 'rolling-back', run: run.id, reason });
  const touched = new Set(plan.steps.filter(isDone).flatMap(({ refreshes }) => refreshes));
  const { restored, failures } = await rollBack(run.id, state, host, resourceType);
  const refreshFailures = await refreshRestored([...touched], desired.graph.batches.flat(), deps, new AbortController().signal);
  // What did not fail by itself (a signal came) may be tried again at once.
  if (!isInterrupted) state.journal.quarantine({ key, run: run.id, reason });
  const failed = error instanceof ApplyError ? error.address : undefined;
  const outcomes = new Map(
    plan.steps.filter(isDone).map(({ address }): [string, { outcome: Outcome; reason?: string }] => {
      if (address === failed) return [address, { outcome: 'failed', reason }];
      return [address, { outcome: restored.includes(address) ? 'restored' : 'not-reached' }];
    }),
  );
  const all = [...failures, ...refreshFailures];
  const cause = failed === undefined ? (isInterrupted ? 'Interrupted' : reason) : `${failed} failed: ${reason}`;
  return run.report({
    outcome: all.length === 0 ? 'rolledBack' : 'rollbackIncomplete',
    summary:
      all.length === 0
        ? `${cause}. Everything was put back as it was`
        : `${cause}. The rollback is INCOMPLETE: ${all.join('; ')}`,
    counts: countSteps(plan.steps, outcomes),
    steps: withOutcomes(steps, outcomes),
    health: error instanceof HealthError ? error.health : [],
    planDigest: plan.digest,
    writes: host.writes,
  });
}

/** What the run proved becomes the ledger, in one transaction with the end of its journal and its report. */
function record({ commit }: Revision, run: Run, { plan, input }: PlannedHost, state: State, report: Report | undefined): void {
  const isNews = plan.steps.some((step) => step.cause === 'orphan' || isDone(step) || (step.cause === 'adopted' && !step.held));
  if (!isNews && !report) return;
  state.transaction(() => {
    for (const { address, resource, cause, held, sensitive } of plan.steps) {
      if (held || cause === 'converged') continue;
      if (report) state.journal.addUndo(run.id, { address, entry: captureLedger(address, state.ledger) });
      if (cause === 'orphan') {
        state.ledger.remove(address);
        continue;
      }
      const { kind, digest, prune, desired, origin } = resource;
      const { file, line, column } = origin.at;
      state.ledger.put({
        address,
        kind,
        digest,
        prune,
        desired,
        sensitive,
        origin: `${file}:${line}:${column}`,
        run: run.id,
        revision: commit,
        appliedAt: run.startedAt,
      });
    }
    if (!report) return;
    state.journal.finish(run.id, 'applied');
    for (const address of input.owed)
      if (!input.graph.batches.flat().some((resource) => resource.address === address)) state.journal.settle(address);
    state.journal.forget(keptRuns);
    state.runs.put(report);
  });
}

/** Leaves the mark by which the next run knows, from stat calls alone, that nothing has moved. */
function stampIfConverged(
  { request, scope, sources, key }: FullRun,
  run: Run,
  { plan, desired }: PlannedHost,
  index: StatIndex,
  state: State,
): void {
  const held = plan.steps.filter((step) => step.held);
  // What the host cannot have stays so; every other reason must be looked at, and told, each time.
  if (request.tags.length > 0 || held.some((step) => step.held?.reason !== 'unsupported')) return;
  const { catalog, secrets, policy, hostPolicy, chains, isJudged } = desired;
  const cannot = new Set(held.map(({ address }) => address));
  const isComplete = catalog.resources.every(
    ({ address, kind, desired: wanted }) => cannot.has(address) || resourceType(kind).watches?.(wanted) !== undefined,
  );
  const { environment } = scope;
  writeStamp(state.directory, {
    environment,
    host: desired.host,
    run: run.id,
    resources: catalog.resources.length,
    held: held.length,
    isComplete,
    index,
    sources,
  });
  if (!isJudged && secrets.names.length === 0 && !catalog.resources.some(isSensitive))
    writeCatalog(state.directory, { key, catalog, policy, hostPolicy, chains });
}
