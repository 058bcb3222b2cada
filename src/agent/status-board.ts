import type { AgentStatus, Approval, Suspension, Trigger } from '../model/agent.ts';
import type { Look } from '../model/follower.ts';
import { isPostponed, isPutBack, quarantineOf, type Report } from '../model/report.ts';
import type { Memory } from '../model/reporter.ts';
import { version } from '../model/version.ts';
import { printableLine } from '../report/printable.ts';
import { countDiffering } from '../run/start-run.ts';
import { confirmationOf } from '../model/unconfirmed.ts';
import { StateError } from '../state/state-error.ts';
import { readSuspension } from '../state/suspension.ts';
import { readUnconfirmed } from '../state/unconfirmed.ts';
import type { Attempts } from './attempts.ts';
import type { Contest } from './contest.ts';

/** Of a host without a remote. */
const keptUp = 'what was pushed is kept up';
const approvalDays = 7;
const day = 24 * 60 * 60_000;

interface StatusBoardOptions {
  readonly host: string;
  readonly stateDirectory: string;
  readonly memory: Memory;
  readonly attempts: Attempts;
  readonly contest: Contest;
  /** Commit that is kept up where the newest revision may not be applied. */
  lastGood(): string | null | undefined;
  changed(status: AgentStatus): void;
}

/** What the agent knows of itself, kept up to date by the loop. */
export interface StatusBoard {
  status(): AgentStatus;
  suspension(): Suspension | null;
  /** The plan that a person let through; it is used once. */
  approved(): Pick<Waiting, 'commit' | 'planDigest'> | undefined;
  approve(run: string): boolean;
  set(parts: Partial<Pick<AgentStatus, 'phase' | 'nextPass' | 'waitsFor'>>): void;
  counted(causes: Iterable<Trigger>): void;
  missedHook(): void;
  /** Whether another revision was seen than before. A look without an answer says nothing of what is newest. */
  looked(look: Look, at: Date): boolean;
  /** This revision was pushed, applied and verified. */
  pushed(revision: { readonly commit: string; readonly branch: string }, at: Date): void;
  /** What became of what is to be enforced. */
  ended(report: Report, at: Date): void;
  /**
   * The last good revision was kept up, for what is newest may not be applied: that says nothing of the newest one. Whether people are
   * asked about its plan now.
   */
  keptUp(report: Report): boolean;
  /** A pass could not be made. Whether that is to be told: one alone may pass. */
  failed(error: Error, at: Date): boolean;
  /** A pass could be made, whatever became of it. Whether the ones before could not. */
  worked(): boolean;
  /** Whether a report says something that the one before did not, or has a plan that people are asked about now. Ask once for each. */
  isNews(report: Report): boolean;
}

/** `commit`: of the revision whose plan waits. */
type Waiting = Approval & { readonly commit: string | null };
type Kept = Pick<AgentStatus, 'host' | 'last' | 'lastSuccess'> & { readonly applied: string | null; readonly told: string };

export function openStatusBoard(options: StatusBoardOptions): StatusBoard {
  const { memory, stateDirectory } = options;
  const startedAt = new Date().toISOString();
  const passes: Partial<Record<Trigger, number>> = {};
  let missedHooks = 0;
  let kept = (memory.get('kept') ?? { host: options.host, last: null, lastSuccess: null, applied: null, told: '' }) as Kept;
  let live: Pick<AgentStatus, 'phase' | 'nextPass' | 'fetch' | 'differing' | 'windowClosed' | 'waitsFor'> &
    Pick<AgentStatus['revision'], 'seen' | 'branch'> = {
    phase: 'starting',
    nextPass: null,
    fetch: null,
    differing: 0,
    windowClosed: false,
    waitsFor: null,
    seen: null,
    branch: null,
  };
  /** Of a pass that could not be made: no word on the run before it, and over with the next one that can. */
  let failure: NonNullable<AgentStatus['last']> | undefined;
  let failedPasses = 0;
  const suspension = (): Suspension | null => readSuspension(stateDirectory, Date.now()) ?? null;
  const approval = (): Waiting | undefined => {
    const found = memory.get('approval') as Waiting | undefined;
    return found && Date.parse(found.expires) > Date.now() ? found : undefined;
  };
  const isAsked = ({ run }: Report): boolean => approval()?.run === run;
  /** Whatever of the state cannot be read, the status says at least that. */
  const status = (): AgentStatus => {
    let damage: StateError | undefined;
    const read = <T>(part: () => T): T | undefined => {
      try {
        return part();
      } catch (error) {
        if (!(error instanceof StateError)) throw error;
        damage ??= error;
        return undefined;
      }
    };
    const waiting = read(approval);
    const found = {
      retry: read(options.attempts.retrying) ?? null,
      ...read(() => quarantine(live.seen, options.attempts)),
      unconfirmed: read(() => unconfirmed(stateDirectory)) ?? null,
      stalled:
        failure && failedPasses > 1
          ? `${failedPasses} passes in a row could not be made: ${failure.summary}`
          : (read(options.attempts.stalled) ?? null),
    };
    return {
      schema: 'reconcile.status/1',
      host: kept.host,
      version,
      startedAt,
      phase: live.phase,
      revision: { applied: kept.applied, seen: live.seen, branch: live.branch },
      last: failure ?? (damage ? lastOf(damage, new Date()) : kept.last),
      lastSuccess: kept.lastSuccess,
      fetch: live.fetch,
      nextPass: live.nextPass,
      ...found,
      suspended: suspension(),
      windowClosed: live.windowClosed,
      waitsFor: live.waitsFor,
      approval: waiting ? approvalOf(waiting) : null,
      contested: options.contest.contested(Date.now()),
      differing: live.differing,
      passes: { ...passes },
      missedHooks,
    };
  };
  const change = (parts: Partial<typeof live>): void => {
    live = { ...live, ...parts };
    options.changed(status());
  };
  const keep = (parts: Partial<Kept>): void => {
    const before = JSON.stringify({ ...kept, lastSuccess: null });
    kept = { ...kept, ...parts };
    // A converged pass writes nothing; the time of the last success is kept at the beginning of each hour.
    const hour = (time: string | null): string => time?.slice(0, 13) ?? '';
    const { lastSuccess } = (memory.get('kept') ?? { lastSuccess: null }) as Kept;
    if (JSON.stringify({ ...kept, lastSuccess: null }) !== before || hour(lastSuccess) !== hour(kept.lastSuccess))
      memory.set('kept', kept);
  };
  return {
    status,
    suspension,
    approved() {
      const found = approval();
      return found?.approved === true ? found : undefined;
    },
    approve(run) {
      const waiting = approval();
      if (waiting?.run !== run) return false;
      memory.set('approval', { ...waiting, approved: true } satisfies Waiting);
      return true;
    },
    set: change,
    counted(causes) {
      for (const cause of causes) passes[cause] = (passes[cause] ?? 0) + 1;
    },
    missedHook: () => void missedHooks++,
    looked({ state, commit, seen, branch, remote, problem, passedOver }, at) {
      supersedeApproval(commit, options);
      const place = problem?.at ? `${printableLine(problem.at.file)}: ` : '';
      const message = problem ? `${place}${problem.message}` : remote === null ? keptUp : 'the remote answered';
      const ok = state === 'fetched';
      const hint = ok ? undefined : problem?.hint;
      const fetch = {
        at: at.toISOString(),
        ok,
        state,
        remote,
        message,
        ...(hint !== undefined && { hint }),
        ...(passedOver !== undefined && { passedOver }),
      };
      const known = live.seen;
      change({ fetch, seen: seen ?? known, branch });
      return known !== null && seen !== null && seen !== known;
    },
    pushed({ commit, branch }, at) {
      supersedeApproval(commit, options);
      const { fetch } = live;
      const isFed = fetch?.ok === true && fetch.remote === null;
      change({ seen: commit, branch, ...(isFed && { fetch: { ...fetch, at: at.toISOString(), message: keptUp } }) });
    },
    ended(report, at) {
      const codes = new Set(report.problems.map(({ code }) => code));
      const converged = report.outcome === 'converged';
      rememberApproval(report, approval(), memory);
      // By a look alone, against a revision that may be old by now, or with something left alone, nothing is proved.
      const isMade = converged && report.action !== 'check';
      const isProved = isMade && live.fetch?.ok !== false && options.contest.contested(at.getTime()).length === 0;
      const isPlain = converged && report.writes === 0 && kept.last !== null && kept.last.outcome === 'converged';
      keep({
        host: report.host,
        ...(!isPlain && { last: { run: report.run, outcome: report.outcome, summary: report.summary, at: at.toISOString() } }),
        ...(isMade && { applied: report.revision.commit }),
        ...(isProved && { lastSuccess: at.toISOString() }),
      });
      change({ windowClosed: codes.has('outside-window'), differing: countDiffering(report.steps) });
    },
    keptUp(report) {
      const { host, outcome, revision, steps } = report;
      const waiting = approval();
      // One person is asked about one plan, that of the newest revision first.
      if (!waiting || waiting.commit === revision.commit) rememberApproval(report, waiting, memory);
      keep({ host, ...(outcome === 'converged' && { applied: revision.commit }) });
      change({ differing: countDiffering(steps) });
      return isAsked(report);
    },
    failed(error, at) {
      failure = lastOf(error, at);
      failedPasses++;
      change({});
      return failedPasses > 1;
    },
    worked() {
      const isOver = failure !== undefined;
      failure = undefined;
      failedPasses = 0;
      return isOver;
    },
    isNews(report) {
      const { outcome, problems, steps } = report;
      const told = JSON.stringify([
        outcome,
        problems.map(({ message }) => message),
        steps.map((step) => [step.address, step.cause, step.outcome]),
      ]);
      const isNew = told !== kept.told && (outcome !== 'converged' || steps.length > 0);
      keep({ told });
      return isNew || isAsked(report);
    },
  };
}

function quarantine(seen: string | null, attempts: Attempts): Pick<AgentStatus, 'quarantine'> {
  const attempt = seen === null ? undefined : attempts.of(seen);
  return attempt?.outcome === 'quarantined' ? { quarantine: { commit: attempt.commit, reason: attempt.reason } } : {};
}

function lastOf({ message, hint }: Error & { readonly hint?: unknown }, at: Date): NonNullable<AgentStatus['last']> {
  const help = typeof hint === 'string' && { hint };
  return { run: '', outcome: 'error', summary: message, at: at.toISOString(), ...help };
}

function unconfirmed(stateDirectory: string): AgentStatus['unconfirmed'] {
  const found = readUnconfirmed(stateDirectory);
  return found && found.takenBack === undefined ? confirmationOf(found) : null;
}

const approvalOf = ({ run, reason, planDigest, expires, approved }: Waiting): Approval => ({
  run,
  reason,
  planDigest,
  expires,
  ...(approved && { approved }),
});

/** Another revision has another plan. The last good one is kept up beside it. */
function supersedeApproval(commit: string | null, { memory, lastGood }: Pick<StatusBoardOptions, 'memory' | 'lastGood'>): void {
  const waiting = memory.get('approval') as Waiting | undefined;
  if (waiting && commit !== null && waiting.commit !== commit && waiting.commit !== lastGood()) memory.set('approval', undefined);
}

/**
 * The same plan keeps the name under which people were asked about it. A run on another revision says nothing about it. What is in
 * quarantine nobody can let through.
 */
function rememberApproval(report: Report, before: Waiting | undefined, memory: Memory): void {
  const { run, action, outcome, planDigest, problems } = report;
  const { commit } = report.revision;
  const isQuarantined = quarantineOf(report) !== undefined;
  const reason = problems.find(({ code }) => code === 'needs-approval')?.message;
  if (reason === undefined || planDigest === null || isQuarantined) {
    // What failed for a reason that passes is tried again, without asking again.
    const isTriedAgain = isPostponed(report) || (report.retriable && isPutBack(report));
    const isStillWaiting = isTriedAgain && before?.planDigest === planDigest;
    const isDecided = isQuarantined || (action !== 'check' && outcome !== 'busy' && !isStillWaiting);
    if (isDecided && before?.commit === commit) memory.set('approval', undefined);
    return;
  }
  if (before?.planDigest === planDigest && before.approved !== true) {
    if (before.commit !== commit) memory.set('approval', { ...before, commit } satisfies Waiting);
    return;
  }
  const expires = new Date(Date.now() + approvalDays * day).toISOString();
  memory.set('approval', { run, reason, planDigest, expires, commit } satisfies Waiting);
}
