import type { Desired, Plannable } from './desired.ts';
import { indexSignatures } from './host/stat-index.ts';
import { digestOf } from './model/json.ts';
import { isDone } from './model/plan.ts';
import { nearest } from './model/nearest.ts';
import { problemTable, type Problem } from './model/problem.ts';
import type { Report } from './model/report.ts';
import type { Revision } from './model/revision.ts';
import { noSecrets } from './model/secret.ts';
import { buildGraph } from './plan/graph.ts';
import { planHost, type FullRun, type PlannedHost } from './plan-host.ts';
import { checkOutcome, countSteps } from './report/make-report.ts';
import { openScrub } from './report/scrub.ts';
import { resourceType } from './resources/registry.ts';
import { convergedSummary, countDiffering, startRun, type Run } from './run.ts';
import { openWorkingTree, reopenWorkingTree } from './source/working-tree.ts';
import type { Scope } from './scope.ts';
import { readCatalog } from './state/catalog-cache.ts';
import { takeLock } from './state/lock.ts';
import { openState, type State } from './state/state.ts';

/**
 * All stages, for a host on which something moved or that was never converged. While only the host moved, the plan is made
 * from the catalog that was compiled last; it is compiled again only when there is something to apply.
 */
export async function reconcileFully(asked: Asked): Promise<Report> {
  const { request, scope } = asked;
  if (request.action === 'check') {
    const state = openState(scope.stateDirectory, { readOnly: true });
    try {
      return await checkHost(asked, state);
    } finally {
      state?.close();
    }
  }
  const lock = takeLock(scope.stateDirectory);
  if (!lock) return tellBusy(asked);
  try {
    using state = openState(scope.stateDirectory);
    return await convergeHost(asked, state);
  } finally {
    lock.release();
  }
}

type Asked = Pick<FullRun, 'request' | 'scope' | 'stamp' | 'started' | 'emit' | 'signal'>;

/** The sources are listed, whatever is known of them. */
function onFreshSources(asked: Asked): FullRun {
  const { request, scope } = asked;
  const revision = openWorkingTree(request.source);
  return { ...asked, revision, sources: indexSignatures(revision.watched), key: keyOf(revision, scope) };
}

/** The sources have not moved since the stamp was made: there is nothing to list, and the catalog may be in the cache. */
function onKnownSources(asked: Asked): FullRun | undefined {
  const { request, scope, stamp } = asked;
  if (stamp?.environment !== scope.environment || !stamp.sources.isUnchanged()) return undefined;
  const revision = reopenWorkingTree(request.source, stamp.revision);
  return { ...asked, revision, sources: stamp.sources, key: keyOf(revision, scope) };
}

const keyOf = ({ key }: Revision, { environment }: Scope): string => digestOf({ sources: key, environment });

function tellBusy({ request, scope, started, emit }: Asked): Report {
  const revision = { ...scope.head, workingTree: true, key: '' };
  const host = scope.askedHost ?? scope.machineNames[0] ?? '';
  const run = startRun(request, revision, host, started);
  const report = run.report({ outcome: 'busy', summary: 'Another run is at work on this host; nothing was done' });
  emit({ type: 'finished', run: run.id, report });
  return report;
}

async function checkHost(asked: Asked, state: State | undefined): Promise<Report> {
  const known = readCached(asked);
  const full = known?.full ?? onFreshSources(asked);
  const desired = known?.desired ?? (await load(full));
  return finish(full, desired, async (run, told) => {
    if (problemsOf(desired).length > 0) return refusal(run, problemsOf(desired));
    const planned = await planHost(told, desired, state);
    tellPlan(told, run, planned);
    return planned.problems.length > 0
      ? refusal(run, planned.problems, planned)
      : checked(run, planned, state?.journal.open()?.run);
  });
}

async function convergeHost(asked: Asked, state: State): Promise<Report> {
  const known = state.journal.open() === undefined ? readCached(asked) : undefined;
  const quick = known && (await planHost(known.full, known.desired, state));
  const isQuiet = known && quick && quick.problems.length === 0 && !hasWork(quick);
  const full = isQuiet ? known.full : onFreshSources(asked);
  const desired = isQuiet ? quick.desired : await load(full);
  return finish(full, desired, async (run, told) => {
    if (problemsOf(desired).length > 0) return refusal(run, problemsOf(desired));
    const { converge, recover } = await import('./converge.ts');
    const recovered = await recover(told, state, run);
    if ('summary' in recovered) return recovered;
    const planned = isQuiet ? quick : await planHost(told, desired, state);
    tellPlan(told, run, planned);
    const report =
      planned.problems.length > 0 ? refusal(run, planned.problems, planned) : await converge(told, run, planned, state);
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
function readCached(asked: Asked): { readonly full: FullRun; readonly desired: Plannable } | undefined {
  const full = onKnownSources(asked);
  const cached = full && readCatalog(asked.scope.stateDirectory, full.key, full.revision.files);
  if (!cached) return undefined;
  const { catalog, policy, hostPolicy, chains } = cached;
  const graph = buildGraph(catalog, resourceType);
  return {
    full,
    desired: {
      host: catalog.host,
      catalog,
      policy,
      hostPolicy,
      chains,
      graph,
      secrets: noSecrets,
      identityFiles: [],
      isJudged: true,
    },
  };
}

const problemsOf = (desired: Plannable | Desired): readonly Problem[] => ('problems' in desired ? desired.problems : []);

/** Begins a run, lets it be done, and tells its end. Nothing is told with a secret in it, and nothing kept. */
async function finish(
  full: FullRun,
  { host, secrets, catalog }: Plannable,
  act: (run: Run, told: FullRun) => Promise<Report>,
): Promise<Report> {
  const { request, revision, started } = full;
  const scrub = openScrub(secrets, catalog);
  const emit: FullRun['emit'] = (event) => full.emit(scrub(event));
  const run = startRun(request, revision, host, started, scrub);
  emit({ type: 'run-started', run: run.id, host, revision: revision.commit ?? 'working tree' });
  const report = withUnknownTags(await act(run, { ...full, emit }), request.tags, catalog);
  emit({ type: 'finished', run: run.id, report });
  return report;
}

/** A tag that nothing here has is no error, since other hosts may have it; but it is said. */
function withUnknownTags(report: Report, tags: readonly string[], { resources }: Plannable['catalog']): Report {
  if (tags.length === 0) return report;
  const known = new Set(resources.flatMap((resource) => resource.tags));
  const unknown = tags.filter((tag) => !known.has(tag));
  if (unknown.length === 0) return report;
  const near = nearest(unknown[0]!, known);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return { ...report, summary: `${report.summary}. Nothing on this host has the tag "${unknown.join('", "')}"${hint}` };
}

function tellPlan({ emit }: FullRun, { id }: Run, { steps, plan }: PlannedHost): void {
  emit({ type: 'planned', run: id, steps, digest: plan.digest });
}

function refusal(run: Run, problems: readonly Problem[], planned?: PlannedHost): Report {
  const isInvalid = problems.some(({ code }) => problemTable[code].exit === 65);
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  return run.report({
    outcome: isInvalid ? 'invalid' : 'refused',
    summary: `${isInvalid ? 'Invalid configuration' : 'Refused'}: ${count}; nothing was written`,
    problems,
    ...(planned && { steps: planned.steps, counts: countSteps(planned.plan.steps, new Map()), planDigest: planned.plan.digest }),
  });
}

/** `interrupted`: a run that a crash left open. */
function checked(run: Run, { plan, steps }: PlannedHost, interrupted: string | undefined): Report {
  const counts = countSteps(plan.steps, new Map());
  const outcome = checkOutcome(plan);
  const open = plan.steps.filter(isDone).length;
  const owed = plan.owed.length > 0 ? `, and ${plan.owed.join(', ')} would be refreshed as an earlier run owes` : '';
  const differing = countDiffering(steps);
  const held = differing === 0 ? '' : `, ${differing} ${differing === 1 ? 'differs and is' : 'differ and are'} held`;
  const before =
    interrupted === undefined ? '' : `. Run ${interrupted} was interrupted; the next run puts back what it changed first`;
  const summary =
    outcome === 'converged'
      ? convergedSummary(counts, steps)
      : `${open} of ${counts.resources} resources would change${owed}${held}; nothing was written`;
  return run.report({ outcome, summary: summary + before, counts, steps, planDigest: plan.digest });
}
