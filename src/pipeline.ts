import type { Address } from './model/catalog.ts';
import { isDone } from './model/plan.ts';
import type { Problem } from './model/problem.ts';
import type { Report, ReportedCheck } from './model/report.ts';
import type { Revision } from './model/revision.ts';
import { confirmationOf } from './model/unconfirmed.ts';
import { openScrub } from './report/scrub.ts';
import type { Desired, Plannable } from './run/desired.ts';
import { onFreshSources, readKnown, type Asked } from './run/known-catalog.ts';
import { checked, refusal, tellBusy, unsettled, withUnknownTags } from './run/outcomes.ts';
import { planHost, type FullRun, type PlannedHost } from './run/plan-host.ts';
import { recordConverged } from './run/record.ts';
import { asUncommitted, startedEvent, startRun, tellEnd, type Run } from './run/start-run.ts';
import { takeLock } from './state/lock.ts';
import { openState, type State } from './state/state.ts';
import { findWaiting } from './state/unconfirmed.ts';

/**
 * All stages, for a host on which something moved or that was never converged. The plan is made from the catalog that was compiled
 * last while only the host has moved, or bytes that the catalog only passes on. It is compiled when something is wrong, to tell
 * where, and before anything is applied from a working tree, which goes on moving.
 */
export async function reconcileFully(asked: Asked): Promise<Report> {
  const { request, scope } = asked;
  if (request.action === 'check') {
    using state = openState(scope.stateDirectory, { readOnly: true });
    return await checkHost(asked, state);
  }
  using lock = takeLock(scope.stateDirectory);
  if (!lock) return tellBusy(asked, 'Another run is at work on this host');
  if (request.isOvertaken?.()) return tellBusy(asked, 'Another revision was applied or trusted by hand meanwhile');
  using state = openState(scope.stateDirectory);
  return await convergeHost(asked, state);
}

async function checkHost(asked: Asked, state: State | undefined): Promise<Report> {
  const known = await planKnown(asked, state);
  const full = known?.full ?? onFreshSources(asked);
  const desired = known?.planned.desired ?? (await load(full));
  return finish(full, desired, async (told, begun) => {
    if (problemsOf(desired).length > 0) return refusal(begun, problemsOf(desired));
    const planned = known?.planned ?? (await planHost(told, desired, state));
    const run = await tellPlan(told, begun, planned);
    if (planned.problems.length > 0) return refusal(run, planned.problems, planned);
    return checked(run, planned, state?.journal.open()?.run, await healthNow(asked, desired));
  });
}

/** What the roles' health checks say, where they are asked for. An image has no health. */
async function healthNow({ request, scope, signal }: Asked, { catalog }: Plannable): Promise<readonly ReportedCheck[]> {
  if (request.health !== true || !scope.reader.live) return [];
  const { checkHealth } = await import('./apply/health.ts');
  return checkHealth(catalog.health, scope.reader, signal);
}

async function convergeHost(asked: Asked, state: State): Promise<Report> {
  const { journal } = state;
  const isSettled = !journal.open() && journal.owed().length === 0;
  const known = isSettled ? await planKnown(asked, state) : undefined;
  if (known && !(known.full.revision.workingTree && hasWork(known.planned)))
    return finish(known.full, known.planned.desired, (told, begun) => conclude(told, begun, known.planned, state));
  const full = onFreshSources(asked);
  const desired = await load(full);
  return finish(full, desired, (told, begun) => convergeCompiled(told, begun, desired, state));
}

/** What earlier runs have left is put back first, and what is owed is refreshed, also where this run is refused. */
async function convergeCompiled(full: FullRun, begun: Run, desired: Desired, state: State): Promise<Report> {
  const { recover, withRecovered } = await import('./run/recover.ts');
  const recovered = await recover(full, state, begun);
  if ('summary' in recovered) return recovered;
  const refuse = async (report: Report, owed: readonly Address[]): Promise<Report> => {
    const { refreshRefused } = await import('./run/refresh-refused.ts');
    return withRecovered({ ...report, refreshes: await refreshRefused(full, begun, owed, state) }, recovered, state);
  };
  if (desired.problems.length > 0) {
    const owed = state.journal.owed().map(({ address }) => address);
    return refuse(refusal(begun, desired.problems), owed);
  }
  const planned = await planHost(full, desired, state);
  const report = await conclude(full, begun, planned, state);
  return planned.problems.length > 0 ? refuse(report, planned.plan.owed) : withRecovered(report, recovered, state);
}

/** Tells the plan and does it. On top of a run that may still be taken back nothing is built: whoever takes it back would take the rest back too. */
async function conclude(full: FullRun, begun: Run, planned: PlannedHost, state: State): Promise<Report> {
  const run = await tellPlan(full, begun, planned);
  if (planned.problems.length > 0) return refusal(run, planned.problems, planned);
  const waiting = findWaiting(state);
  if (!waiting && hasWork(planned)) {
    const { converge } = await import('./run/converge.ts');
    return converge(full, run, planned, state);
  }
  const report = waiting && hasWork(planned) ? unsettled(run, planned, waiting) : recordConverged(full, run, planned, state);
  return waiting ? { ...report, confirmation: confirmationOf(waiting) } : report;
}

/** The plan from the catalog that was compiled last, if there is one and nothing is wrong. */
async function planKnown(
  asked: Asked,
  state: State | undefined,
): Promise<{ readonly full: FullRun; readonly planned: PlannedHost } | undefined> {
  const known = await readKnown(asked);
  if (!known) return undefined;
  const planned = await planHost(known.full, known.desired, state);
  return planned.problems.length === 0 ? { full: known.full, planned } : undefined;
}

const hasWork = ({ plan }: PlannedHost): boolean => plan.owed.length > 0 || plan.steps.some(isDone);

/** Compiling is loaded only when it is needed. */
async function load({ revision, scope }: FullRun): Promise<Desired> {
  const { loadDesired } = await import('./run/desired.ts');
  return loadDesired(revision, scope);
}

const problemsOf = (desired: Plannable | Desired): readonly Problem[] => ('problems' in desired ? desired.problems : []);

/** Begins a run, lets it be done, and tells its end. What `act` tells by `told`, and what the run keeps, has no secret in it. */
async function finish(
  full: FullRun,
  { host, secrets, catalog }: Plannable,
  act: (told: FullRun, begun: Run) => Promise<Report>,
): Promise<Report> {
  const { request, revision, started } = full;
  const scrub = openScrub(secrets, catalog);
  const emit: FullRun['emit'] = (event) => full.emit(scrub(event));
  const run = startRun(request, revision, host, started, scrub);
  emit(startedEvent(run, host));
  const report = withUnknownTags(await act({ ...full, emit }, run), request.tags, catalog);
  await tellEnd(request, report, emit);
  return report;
}

/**
 * Gives the run that says whether its revision is all in a commit. Git is asked where there is something to tell, but not for a check: nothing
 * is kept of one, and git would take a tenth of its time.
 */
async function tellPlan({ emit, revision, request }: FullRun, begun: Run, { steps, plan }: PlannedHost): Promise<Run> {
  const isUncommitted = request.action !== 'check' && steps.length > 0 && (await hasUncommitted(revision));
  emit({ type: 'planned', run: begun.id, steps, digest: plan.digest, ...(isUncommitted && { uncommitted: true }) });
  return isUncommitted ? asUncommitted(begun) : begun;
}

async function hasUncommitted({ workingTree, commit, root }: Revision): Promise<boolean> {
  return workingTree && commit !== null && (await import('./source/uncommitted.ts')).hasUncommitted(root);
}
