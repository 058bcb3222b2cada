import type { Desired, Plannable } from './desired.ts';
import { recordStatIndex } from './host/stat-index.ts';
import { digestOf } from './model/json.ts';
import { problemTable, type Problem } from './model/problem.ts';
import type { Report } from './model/report.ts';
import { noSecrets } from './model/secret.ts';
import { buildGraph } from './plan/graph.ts';
import { isDone } from './plan/make-plan.ts';
import { planHost, type FullRun, type PlannedHost } from './plan-host.ts';
import { checkOutcome, countSteps } from './report/make-report.ts';
import { scrubReport } from './report/scrub.ts';
import { resourceType } from './resources/registry.ts';
import { convergedSummary, startRun, type Run } from './run.ts';
import { openWorkingTree } from './source/working-tree.ts';
import { readCatalog } from './state/catalog-cache.ts';
import { takeLock } from './state/lock.ts';
import { openState, type State } from './state/state.ts';

/**
 * All stages, for a host on which something moved or that was never converged. While only the host moved, the plan is made
 * from the catalog that was compiled last; it is compiled again only when there is something to apply.
 */
export async function reconcileFully(
  asked: Pick<FullRun, 'request' | 'scope' | 'stamp' | 'started' | 'emit' | 'signal'>,
): Promise<Report> {
  const { request, scope } = asked;
  const revision = openWorkingTree(request.source);
  const sources = recordStatIndex(
    revision.watched,
    (path) => path,
    () => undefined,
  );
  const key = digestOf({ sources: revision.key, commit: revision.commit, environment: scope.environment });
  const full: FullRun = { ...asked, revision, sources, key };
  if (request.action === 'check') {
    const state = openState(scope.stateDirectory, { readOnly: true });
    try {
      return await checkHost(full, state);
    } finally {
      state?.close();
    }
  }
  const lock = takeLock(scope.stateDirectory);
  if (!lock) return finish(full, await load(full), async (run) => run.report({ outcome: 'busy', summary: busy }));
  try {
    using state = openState(scope.stateDirectory);
    return await convergeHost(full, state);
  } finally {
    lock.release();
  }
}

const busy = 'Another run is at work on this host; nothing was done';

async function checkHost(full: FullRun, state: State | undefined): Promise<Report> {
  const desired = readCached(full) ?? (await load(full));
  return finish(full, desired, async (run) => {
    if (problemsOf(desired).length > 0) return refusal(run, problemsOf(desired));
    const planned = await planHost(full, desired, state);
    tellPlan(full, run, planned);
    return planned.problems.length > 0 ? refusal(run, planned.problems, planned) : checked(run, planned);
  });
}

async function convergeHost(full: FullRun, state: State): Promise<Report> {
  const isRecovering = state.journal.open() !== undefined;
  const cached = isRecovering ? undefined : readCached(full);
  const quick = cached && (await planHost(full, cached, state));
  const isQuiet = quick && quick.problems.length === 0 && !hasWork(quick);
  const desired = isQuiet ? quick.desired : await load(full);
  return finish(full, desired, async (run) => {
    if (problemsOf(desired).length > 0) return refusal(run, problemsOf(desired));
    const { converge, recover } = await import('./converge.ts');
    const recovered = await recover(full, state, run);
    if ('summary' in recovered) return recovered;
    const planned = isQuiet ? quick : await planHost(full, desired, state);
    tellPlan(full, run, planned);
    const report =
      planned.problems.length > 0 ? refusal(run, planned.problems, planned) : await converge(full, run, planned, state);
    return { ...report, recovered: recovered.restored };
  });
}

const hasWork = ({ plan }: PlannedHost): boolean => plan.owed.length > 0 || plan.steps.some(isDone);

/** Compiling is loaded only when it is needed. */
async function load({ revision, scope }: FullRun): Promise<Desired> {
  const { loadDesired } = await import('./desired.ts');
  return loadDesired(revision, scope);
}

/** The catalog as it was compiled for these very sources, judged and without secrets. */
function readCached({ scope, revision, key }: FullRun): Plannable | undefined {
  const cached = readCatalog(scope.stateDirectory, key, revision.files);
  if (!cached) return undefined;
  const { catalog, policy, hostPolicy, chains } = cached;
  return {
    host: catalog.host,
    catalog,
    policy,
    hostPolicy,
    chains,
    graph: buildGraph(catalog, resourceType),
    secrets: noSecrets,
    isJudged: true,
  };
}

const problemsOf = (desired: Plannable | Desired): readonly Problem[] => ('problems' in desired ? desired.problems : []);

/** Begins a run, lets it be done, and tells its end without any secret. */
async function finish(full: FullRun, { host, secrets }: Plannable, act: (run: Run) => Promise<Report>): Promise<Report> {
  const { request, revision, started, emit } = full;
  const run = startRun(request, revision, host, started);
  emit({ type: 'run-started', run: run.id, host, revision: revision.commit ?? 'working tree' });
  const report = scrubReport(await act(run), secrets);
  emit({ type: 'finished', run: run.id, report });
  return report;
}

function tellPlan({ emit }: FullRun, { id }: Run, { steps, plan }: PlannedHost): void {
  emit({ type: 'planned', run: id, steps, digest: plan.digest });
}

function refusal(run: Run, problems: readonly Problem[], planned?: PlannedHost): Report {
  const isInvalid = problems.some(({ code }) => problemTable[code].exit === 65);
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  return run.report({
    outcome: isInvalid ? 'invalid' : 'refused',
    summary: `${isInvalid ? 'Invalid configuration' : 'Refused by policy'}: ${count}; nothing was written`,
    problems,
    ...(planned && { steps: planned.steps, counts: countSteps(planned.plan.steps, new Map()), planDigest: planned.plan.digest }),
  });
}

function checked(run: Run, { plan, steps }: PlannedHost): Report {
  const counts = countSteps(plan.steps, new Map());
  const outcome = checkOutcome(plan.steps);
  const open = plan.steps.filter(isDone).length;
  const summary =
    outcome === 'converged'
      ? convergedSummary(counts)
      : `${open} of ${counts.resources} resources would change; nothing was written`;
  return run.report({ outcome, summary, counts, steps, planDigest: plan.digest });
}
