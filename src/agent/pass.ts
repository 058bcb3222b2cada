import type { Event } from '../model/event.ts';
import type { Follower, Look } from '../model/follower.ts';
import { quarantineOf, type Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import type { Source } from '../model/revision.ts';
import { awaitsRemote } from '../model/unconfirmed.ts';
import { awaitConfirmation, findUnsettled } from '../operations/await-confirmation.ts';
import { isSettled, reconcile } from '../reconcile.ts';
import { makeRunId } from '../run/start-run.ts';
import { openState } from '../state/state.ts';
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
  /** Only look at what would change, until then. Milliseconds since 1970. */
  readonly suspendedUntil: number | undefined;
  /** The plan that a person has approved, and the revision that it is of. */
  readonly approved: { readonly commit: string | null; readonly planDigest: string } | undefined;
  readonly emit: (event: Event) => void;
  readonly signal: AbortSignal;
}

export interface PassResult {
  /** Of the run on the newest revision, or, while that waits for its turn, on the one until then. Undefined: none was to be made. */
  readonly report: Report | undefined;
  /** Of the run that has kept up the last good revision, where the newest one may not be applied. */
  readonly repair?: Report | undefined;
  /** Milliseconds since 1970 when the host is to be looked at again before the next poll, for whatever reason. */
  readonly retryAt?: number;
  /** Why the newest revision is not applied yet, where it is not this host's turn. */
  readonly waitsFor?: string;
}

/**
 * One look at the host: a run on the newest revision, and where that one may not be applied, one that keeps up the last good one.
 * Records what became of it. Throws only for bugs and unusable state; the caller tries those again too.
 */
export async function runPass(look: Look, deps: PassDeps, options: PassOptions): Promise<PassResult> {
  const result = await passOver(look, deps, options);
  const contested = deps.contest.untilEnd();
  return withRetries(result, options.suspendedUntil, contested === undefined ? undefined : Date.now() + contested);
}

async function passOver(look: Look, deps: PassDeps, options: PassOptions): Promise<PassResult> {
  const earlier = await settleEarlier(deps, options);
  if (earlier) return earlier;
  const tried = look.commit ?? treeThatFails(look, deps);
  if (tried !== undefined) forgetSuperseded(tried, deps);
  const isDue = tried === undefined || deps.attempts.isDue(tried, Date.now(), options.isPoll);
  if (!look.source || !isDue) {
    const ran = await keepUp(look, deps, options);
    const retryAt = tried === undefined ? undefined : deps.attempts.retryOf(tried);
    return withRetries({ ...ran, report: undefined, repair: ran.report }, retryAt);
  }
  const turn = await waitForTurn(look, deps, options);
  if (turn) return turn;
  const result = await runOnNewest(look, look.source, deps, options);
  const isRefused = result.report?.outcome === 'refused' || result.report?.outcome === 'invalid';
  if (!isRefused || options.suspendedUntil !== undefined) return result;
  const { report: repair, retryAt } = await keepUp(look, deps, { ...options, run: makeRunId(new Date().toISOString()) });
  const isAsking = result.report?.problems.some(({ code }) => code === 'needs-approval');
  // A person is asked about the plan that the repair leaves; it may be the one that was approved before something drifted.
  const isStale = isAsking && repair?.outcome === 'converged' && repair.writes > 0;
  const last = isStale ? await runOnNewest(look, look.source, deps, options) : result;
  return { ...withRetries(last, retryAt), repair };
}

/** What attempts call what a working tree holds, while the newest of them has failed: nobody reads the tree for it otherwise. */
const treeThatFails = ({ source }: Look, { attempts }: PassDeps): string | undefined =>
  source && attempts.retrying() ? treeName(source.open().key) : undefined;

/** What fails and is not what is to be enforced any more, as a testing branch that was taken away, nobody tries again. */
function forgetSuperseded(tried: string, { attempts, follower }: PassDeps): void {
  const failing = attempts.retrying()?.commit;
  if (failing === undefined || failing === tried || failing === follower.lastGood()?.head().commit) return;
  attempts.supersede(failing);
}

const treeName = (key: string): string => `working tree ${key}`;

async function runOnNewest(look: Look, source: Source, deps: PassDeps, options: PassOptions): Promise<PassResult> {
  const { commit } = look;
  const isOvertaken = (): boolean => commit !== null && deps.follower.isOvertaken(commit);
  const ran = await runOn(source, deps, options, { isOvertaken });
  return options.suspendedUntil === undefined ? endBake(look, ran, deps, options) : ran;
}

/**
 * On the last good revision, where there is one. Of one that is in quarantine a person has taken back a part; one that has just failed is
 * not tried again because the host has moved, which putting everything back does. What a person has applied by hand stays, also in the
 * moment before it is known as the last good one.
 */
async function keepUp({ source: newest, commit: seen }: Look, deps: PassDeps, options: PassOptions): Promise<PassResult> {
  const good = deps.follower.lastGood();
  const commit = good?.head().commit ?? null;
  if (!good) return { report: undefined };
  const isTakenBack = commit !== null && deps.attempts.of(commit)?.outcome === 'quarantined';
  const isEarly = commit !== null && !options.isPoll && !deps.attempts.isDue(commit, Date.now(), true);
  if (isTakenBack || isEarly) return withRetries({ report: undefined }, deps.attempts.retryOf(commit));
  const isOvertaken = (): boolean => newest !== undefined && seen !== commit && isSettled({ source: newest, ...deps.place });
  return runOn(good, deps, options, { isOvertaken });
}

/** Keeps up the last good revision while the newest one is still tried on others. */
async function waitForTurn(look: Look, deps: PassDeps, options: PassOptions): Promise<PassResult | undefined> {
  const kept = (): string | null | undefined => deps.follower.lastGood()?.head().commit;
  const waiting = await deps.waves.turn(look, kept, options.isPoll, options.signal);
  if (!waiting) return undefined;
  const result = await keepUp(look, deps, options);
  return { ...withRetries(result, waiting.until), waitsFor: waiting.words };
}

/** What is tried again at the first of its times. */
function withRetries(result: PassResult, ...others: readonly (number | undefined)[]): PassResult {
  const times = [result.retryAt, ...others].filter((time) => time !== undefined);
  return { ...result, ...(times.length > 0 && { retryAt: Math.min(...times) }) };
}

/** Asks how the newest revision does when other hosts have waited for that long enough. */
async function endBake(look: Look, ran: PassResult, deps: PassDeps, { emit, signal }: PassOptions): Promise<PassResult> {
  const { report } = ran;
  if (report?.outcome !== 'converged' || report.confirmation?.state === 'waiting') return ran;
  const standing = await deps.bake.judge(look, report, emit, signal);
  if (!standing) return ran;
  if (standing.until !== undefined) return withRetries(ran, standing.until);
  if (standing.report.action === 'rollback') record(standing.report, deps, signal);
  return { report: standing.report };
}

async function runOn(
  source: Source,
  deps: PassDeps,
  options: PassOptions,
  more: Pick<Request, 'isOvertaken'> = {},
): Promise<PassResult> {
  const { contest, place } = deps;
  const { run, approved, emit, signal } = options;
  const isCheck = options.suspendedUntil !== undefined;
  const { commit } = source.head();
  const request: Request = {
    ...place,
    action: isCheck ? 'check' : 'converge',
    source,
    tags: [],
    paranoid: false,
    unattended: true,
    ...(!source.workingTree && {
      confirmedBy: 'remote',
      accept: acceptBy(deps.follower),
    }),
    contested: contest.contested(),
    run,
    ...(approved?.commit === commit && { planDigest: approved.planDigest }),
    ...more,
  };
  const ran = await reconcile(request, emit, signal);
  if (isCheck) return { report: ran };
  const report = awaitsRemote(ran) ? await settle(run, deps, options) : ran;
  if (!report) return { report };
  const healed = report.steps.filter(({ cause, outcome }) => cause === 'drift' && outcome === 'changed');
  contest.healed(healed.map(({ address }) => address));
  if (report.outcome === 'converged') contest.forget(whatIsSettled(report, deps));
  return withRetries({ report }, record(report, deps, signal));
}

/** What was contested, and git says something else of now or has let go of. */
function whatIsSettled({ steps }: Report, { contest, stateDirectory }: PassDeps): readonly string[] {
  const contested = contest.contested();
  if (contested.length === 0) return [];
  const moved = new Set(steps.filter(({ cause }) => cause !== 'drift').map(({ address }) => address));
  using state = openState(stateDirectory, { readOnly: true });
  const owned = new Set(state?.ledger.addresses());
  return contested.filter((address) => !owned.has(address) || moved.has(address));
}

/** A run of an earlier process that waits for its remote, or that was taken back before anybody could be told. */
async function settleEarlier(deps: PassDeps, options: PassOptions): Promise<PassResult | undefined> {
  const run = findUnsettled(deps.stateDirectory);
  const report = run === undefined ? undefined : await settle(run, deps, options);
  if (report?.action !== 'rollback') return undefined;
  options.emit({ type: 'finished', run: report.run, report });
  return withRetries({ report }, record(report, deps, options.signal));
}

function settle(run: string, { follower, stateDirectory }: PassDeps, { emit, signal }: PassOptions): Promise<Report | undefined> {
  const reach = async (bounded: AbortSignal): Promise<boolean> => {
    const { state, remote } = await follower.look(bounded);
    return state === 'fetched' || remote !== null;
  };
  return awaitConfirmation(run, { stateDirectory, reach, accept: acceptBy(follower), emit }, signal);
}

/** What may still be taken back is not what the host can go back to. */
const acceptBy =
  (follower: Follower) =>
  async ({ revision, confirmation }: Report): Promise<void> => {
    if (confirmation?.state !== 'waiting' && revision.commit !== null && !revision.workingTree)
      await follower.accept(revision.commit);
  };

/** When it is to be tried again, if so. */
function record(report: Report, deps: PassDeps, signal: AbortSignal): number | undefined {
  const { outcome, summary, problems, retriable, confirmation, opensAt, revision } = report;
  const { attempts } = deps;
  // No commit is blamed for what a working tree holds beside it.
  const commit = revision.workingTree ? null : revision.commit;
  const tried = commit ?? treeName(revision.key);
  // A run that was cut short by the end of this process says nothing about its revision.
  if (signal.aborted && outcome !== 'converged') return undefined;
  switch (outcome) {
    case 'converged':
      if (confirmation?.state === 'waiting') return undefined;
      if (commit !== null || attempts.retrying()) attempts.applied(tried);
      return undefined;
    case 'refused':
    case 'invalid': {
      const quarantined = quarantineOf(report);
      if (commit !== null && quarantined) {
        quarantine(commit, quarantined.message, deps);
        return undefined;
      }
      const opens = opensAt === undefined ? undefined : Date.parse(opensAt);
      if (commit !== null) attempts.refused(commit, problems[0]?.message ?? summary, opens);
      return opens;
    }
    case 'rolledBack':
      // A repair that failed, or a network that is down, says nothing against the revision; the engine does not quarantine it either.
      if (retriable) attempts.failed(tried, summary, Date.now());
      else if (commit !== null) quarantine(commit, summary, deps);
      return attempts.retryOf(tried);
    case 'busy':
      // Somebody runs it by hand, which says nothing about the revision.
      return Date.now() + busyFor;
    default:
      attempts.failed(tried, summary, Date.now());
      return attempts.retryOf(tried);
  }
}

/** What was accepted can be taken back later, by a person, or when its bake time ends. */
function quarantine(commit: string, reason: string, { attempts, follower, stateDirectory }: PassDeps): void {
  attempts.quarantined(commit, reason);
  using state = openState(stateDirectory, { readOnly: true });
  const isLeft = state?.journal.undoable().some((run) => state.runs.get(run)?.revision.commit === commit);
  // As long as a run of it stands, the host is not as the revision before says.
  if (isLeft !== true) follower.forsake(commit);
}
