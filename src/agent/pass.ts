import type { Event } from '../model/event.ts';
import type { Follower, Look } from '../model/follower.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import type { Source } from '../model/revision.ts';
import { awaitsRemote } from '../model/unconfirmed.ts';
import { awaitConfirmation, findUnsettled } from '../operations/await-confirmation.ts';
import { reconcile } from '../reconcile.ts';
import { makeRunId } from '../run/start-run.ts';
import type { Attempts } from './attempts.ts';
import type { Bake } from './bake.ts';
import type { Contest } from './contest.ts';
import type { Waves } from './waves.ts';

/** Milliseconds until a host on which another run is at work is looked at again. */
const busyFor = 5_000;

/** What passes of one agent share. */
export interface PassDeps {
  readonly follower: Follower;
  readonly attempts: Attempts;
  readonly contest: Contest;
  readonly stateDirectory: string;
  readonly waves: Waves;
  readonly bake: Bake;
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
  /** Why the newest revision is not applied yet, where it is not this host's turn. */
  readonly waitsFor?: string;
}

/**
 * One look at the host: a run on the newest revision, and where that one may not be applied, one that keeps up the last good one.
 * Records what became of it. Throws only for bugs and unusable state; the caller tries those again too.
 */
export async function runPass(look: Look, deps: PassDeps, options: PassOptions): Promise<PassResult> {
  const earlier = await settleEarlier(deps, options);
  if (earlier) return earlier;
  const isDue = look.commit === null || deps.attempts.isDue(look.commit, Date.now(), options.isPoll);
  if (!look.source || !isDue) {
    const good = deps.follower.lastGood();
    return good ? runOn(good, deps, options) : { report: undefined };
  }
  const turn = await waitForTurn(look, deps, options);
  if (turn) return turn;
  const ran = await runOn(look.source, deps, options);
  const result = options.isCheck ? ran : await endBake(look, ran, deps, options);
  const isRefused = result.report?.outcome === 'refused' || result.report?.outcome === 'invalid';
  const good = isRefused && !options.isCheck ? deps.follower.lastGood() : undefined;
  if (!good || good.head().commit === look.commit) return result;
  const repair = await runOn(good, deps, { ...options, run: makeRunId(new Date().toISOString()), approvedDigest: undefined });
  return { ...result, ...(repair.report && repair.report.writes > 0 && { repair: repair.report }) };
}

/** Keeps up the last good revision while the newest one is still tried on others. */
async function waitForTurn(look: Look, deps: PassDeps, options: PassOptions): Promise<PassResult | undefined> {
  const kept = (): string | null | undefined => deps.follower.lastGood()?.head().commit;
  const waiting = await deps.waves.turn(look, kept, options.isPoll, options.signal);
  const good = waiting && deps.follower.lastGood();
  if (!good) return undefined;
  const result = await runOn(good, deps, { ...options, approvedDigest: undefined });
  const times = [result.retryAt, waiting.until].filter((time) => time !== undefined);
  return { ...result, ...(times.length > 0 && { retryAt: Math.min(...times) }), waitsFor: waiting.words };
}

/** Asks how the newest revision does when other hosts have waited for that long enough. */
async function endBake(look: Look, ran: PassResult, deps: PassDeps, { emit, signal }: PassOptions): Promise<PassResult> {
  const { report } = ran;
  if (report?.outcome !== 'converged' || report.confirmation?.state === 'waiting') return ran;
  const standing = await deps.bake.judge(look, report, emit, signal);
  if (!standing) return ran;
  if (standing.until !== undefined) return { ...ran, retryAt: Math.min(standing.until, ran.retryAt ?? Infinity) };
  if (standing.report.action === 'rollback') await record(standing.report, look.commit, deps, signal);
  return { report: standing.report, ...(report.writes > 0 && { repair: report }) };
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
    ...(!source.workingTree && { confirmedBy: 'remote' }),
    contested: contest.contested(Date.now()),
    run,
    ...(approvedDigest !== undefined && { planDigest: approvedDigest }),
  };
  const ran = await reconcile(request, emit, signal);
  if (isCheck) return { report: ran };
  const report = awaitsRemote(ran) ? await settle(run, deps, options) : ran;
  if (!report) return { report };
  const healed = report.steps.filter(({ cause, outcome }) => cause === 'drift' && outcome === 'changed');
  contest.healed(
    healed.map(({ address }) => address),
    Date.now(),
  );
  const retryAt = await record(report, source.head().commit, deps, signal);
  return { report, ...(retryAt !== undefined && { retryAt }) };
}

/** A run of an earlier process that waits for its remote, or that was taken back before anybody could be told. */
async function settleEarlier(deps: PassDeps, options: PassOptions): Promise<PassResult | undefined> {
  const run = findUnsettled(deps.stateDirectory);
  const report = run === undefined ? undefined : await settle(run, deps, options);
  if (report?.action !== 'rollback') return undefined;
  options.emit({ type: 'finished', run: report.run, report });
  const retryAt = await record(report, report.revision.commit, deps, options.signal);
  return { report, ...(retryAt !== undefined && { retryAt }) };
}

function settle(run: string, { follower, stateDirectory }: PassDeps, { emit, signal }: PassOptions): Promise<Report | undefined> {
  const reach = async (bounded: AbortSignal): Promise<boolean> => {
    const { state, remote } = await follower.look(bounded);
    return state === 'fetched' || remote !== null;
  };
  return awaitConfirmation(run, { stateDirectory, reach, emit }, signal);
}

/** When it is to be tried again, if so. */
async function record(
  { outcome, summary, problems, retriable, confirmation }: Report,
  commit: string | null,
  { attempts, follower }: PassDeps,
  signal: AbortSignal,
): Promise<number | undefined> {
  // A run that was cut short by the end of this process says nothing about its revision.
  if (signal.aborted && outcome !== 'converged') return undefined;
  switch (outcome) {
    case 'converged':
      // What may still be taken back is not what the host can go back to.
      if (commit === null || confirmation?.state === 'waiting') return undefined;
      await follower.accept(commit);
      attempts.applied(commit);
      return undefined;
    case 'refused':
    case 'invalid':
      if (commit !== null) attempts.refused(commit, problems[0]?.message ?? summary);
      return undefined;
    case 'rolledBack':
      if (commit === null) return undefined;
      // A repair that failed, or a network that is down, says nothing against the revision; the engine does not quarantine it either.
      if (retriable) return attempts.failed(commit, summary, Date.now()).next;
      attempts.quarantined(commit, summary);
      return undefined;
    case 'busy':
      // Somebody runs it by hand, which says nothing about the revision.
      return Date.now() + busyFor;
    default:
      return attempts.failed(commit ?? 'working tree', summary, Date.now()).next;
  }
}
