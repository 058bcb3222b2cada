import type { Event } from '../model/event.ts';
import type { Follower, Look } from '../model/follower.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import type { Source } from '../model/revision.ts';
import { reconcile } from '../reconcile.ts';
import { makeRunId } from '../run/start-run.ts';
import type { Attempts } from './attempts.ts';
import type { Contest } from './contest.ts';

/** Milliseconds until a host on which another run is at work is looked at again. */
const busyFor = 5_000;

/** What passes of one agent share. */
export interface PassDeps {
  readonly follower: Follower;
  readonly attempts: Attempts;
  readonly contest: Contest;
  /** Asked for with `--host` and `--root`. */
  readonly place: Pick<Request, 'host' | 'root'>;
}

interface PassOptions {
  /** Id of the first run. */
  readonly run: string;
  /** Somebody may have pushed; otherwise only something on the host has moved. */
  readonly isPoll: boolean;
  /** Only look at what would change. */
  readonly isCheck: boolean;
  /** The plan that a person has approved. */
  readonly approvedDigest: string | undefined;
  readonly emit: (event: Event) => void;
  readonly signal: AbortSignal;
}

interface PassResult {
  /** Of the run on the newest revision; else of the one on the last good one. Undefined: there was nothing that could be run. */
  readonly report: Report | undefined;
  /** Of the run that repaired the last good revision after the newest one was refused. */
  readonly repair?: Report;
  /** Milliseconds since 1970 when the same revision is to be tried again. */
  readonly retryAt?: number;
}

/**
 * One look at the host: a run on the newest revision, and where that one may not be applied, one that keeps up the last good one.
 * Records what became of it. Throws only for bugs and unusable state; the caller tries those again too.
 */
export async function runPass(look: Look, deps: PassDeps, options: PassOptions): Promise<PassResult> {
  const isDue = look.commit === null || deps.attempts.isDue(look.commit, Date.now(), options.isPoll);
  if (!look.source || !isDue) {
    const good = deps.follower.lastGood();
    return good ? runOn(good, deps, options) : { report: undefined };
  }
  const result = await runOn(look.source, deps, options);
  const isRefused = result.report?.outcome === 'refused' || result.report?.outcome === 'invalid';
  const good = isRefused && !options.isCheck ? deps.follower.lastGood() : undefined;
  if (!good || good.head().commit === look.commit) return result;
  const repair = await runOn(good, deps, { ...options, run: makeRunId(new Date().toISOString()), approvedDigest: undefined });
  return { ...result, ...(repair.report && repair.report.writes > 0 && { repair: repair.report }) };
}

async function runOn(source: Source, deps: PassDeps, options: PassOptions): Promise<PassResult> {
  const { contest, place } = deps;
  const { run, isCheck, approvedDigest, emit, signal } = options;
  const request: Request = {
    ...place,
    action: isCheck ? 'check' : 'converge',
    source,
    tags: [],
    paranoid: false,
    unattended: true,
    contested: contest.contested(Date.now()),
    run,
    ...(approvedDigest !== undefined && { planDigest: approvedDigest }),
  };
  const report = await reconcile(request, emit, signal);
  if (isCheck) return { report };
  const healed = report.steps.filter(({ cause, outcome }) => cause === 'drift' && outcome === 'changed');
  contest.healed(
    healed.map(({ address }) => address),
    Date.now(),
  );
  const retryAt = await record(report, source.head().commit, deps, signal);
  return { report, ...(retryAt !== undefined && { retryAt }) };
}

/** When it is to be tried again, if so. */
async function record(
  { outcome, summary, problems, steps }: Report,
  commit: string | null,
  { attempts, follower }: PassDeps,
  signal: AbortSignal,
): Promise<number | undefined> {
  // A run that was cut short by the end of this process says nothing about its revision.
  if (signal.aborted && outcome !== 'converged') return undefined;
  switch (outcome) {
    case 'converged':
      if (commit === null) return undefined;
      await follower.accept(commit);
      attempts.applied(commit);
      return undefined;
    case 'refused':
    case 'invalid':
      if (commit !== null) attempts.refused(commit, problems[0]?.message ?? summary);
      return undefined;
    case 'rolledBack':
      if (commit === null) return undefined;
      // A repair that failed says nothing against the revision; the engine does not quarantine it either.
      if (steps.every(({ cause, action, outcome: of }) => cause === 'drift' || action === 'none' || of === 'held'))
        return attempts.failed(commit, summary, Date.now()).next;
      attempts.quarantined(commit, summary);
      return undefined;
    case 'busy':
      // Somebody runs it by hand, which says nothing about the revision.
      return Date.now() + busyFor;
    default:
      return attempts.failed(commit ?? 'working tree', summary, Date.now()).next;
  }
}
