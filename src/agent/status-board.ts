import { isDeepStrictEqual } from 'node:util';
import type { AgentStatus, AskedHealth, Suspension, Trigger } from '../model/agent.ts';
import type { Look } from '../model/follower.ts';
import { digestOf } from '../model/json.ts';
import type { Report, ReportedCheck } from '../model/report.ts';
import type { Memory } from '../model/reporter.ts';
import { version } from '../model/version.ts';
import { printableLine } from '../report/printable.ts';
import { countDiffering } from '../run/start-run.ts';
import { confirmationOf } from '../model/unconfirmed.ts';
import { StateError } from '../state/state-error.ts';
import { readSuspension } from '../state/suspension.ts';
import { readUnconfirmed } from '../state/unconfirmed.ts';
import { openAskedPlan, type AskedPlan } from './asked-plan.ts';
import type { Attempts } from './attempts.ts';
import { askedHealth, healthAfter } from './health-after.ts';
import { updateTakenBack } from './supervise-update.ts';
import type { Contest } from './contest.ts';

/** Of a host without a remote. */
const keptUp = 'what was pushed is kept up';

interface StatusBoardOptions {
  readonly host: string;
  readonly stateDirectory: string;
  readonly memory: Memory;
  readonly attempts: Attempts;
  readonly contest: Contest;
  /** Branches that a webhook tells of. */
  readonly hooked: readonly string[];
  /** Commit that is kept up where the newest revision may not be applied. */
  lastGood(): string | null | undefined;
  changed(status: AgentStatus): void;
}

/** What the agent knows of itself, kept up to date by the loop. */
export interface StatusBoard {
  status(): AgentStatus;
  suspension(): Suspension | null;
  /** The plan that a person let through; it is used once. */
  approved(): ReturnType<AskedPlan['waiting']>;
  approve(run: string): boolean;
  set(parts: Partial<Pick<AgentStatus, 'phase' | 'nextPass' | 'waitsFor'>>): void;
  counted(causes: Iterable<Trigger>): void;
  /** A poll has found another revision. */
  polledNews(): void;
  /** Whether another revision was seen than before. A look without an answer says nothing of what is newest. */
  looked(look: Look, at: Date): boolean;
  /** This revision was pushed, applied and verified. */
  pushed(revision: { readonly commit: string; readonly branch: string }, at: Date): void;
  /** What all health checks of what stands said outside of a run. Whether others fail than before. */
  asked(health: readonly ReportedCheck[], at: Date): boolean;
  /** What became of what is to be enforced. */
  ended(report: Report, at: Date): void;
  /**
   * The last good revision was kept up, for what is newest may not be applied: that says nothing of the newest one. Whether people are
   * asked about its plan now.
   */
  keptUp(report: Report): boolean;
  /** A pass could not be made. Whether that is to be told: one alone may pass. */
  failed(error: Error, at: Date): boolean;
  /** A pass could be made, whatever became of it. */
  worked(): void;
  /** Whether a report says something that the one before did not, or has a plan that people are asked about now. Ask once for each. */
  isNews(report: Report): boolean;
}

type Kept = Pick<AgentStatus, 'host' | 'last' | 'lastSuccess'> & {
  readonly health?: AskedHealth | undefined;
  readonly applied: string | null;
  readonly told: string;
};

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
  let failing: { readonly last: NonNullable<AgentStatus['last']>; readonly passes: number } | undefined;
  const suspension = (): Suspension | null => readSuspension(stateDirectory) ?? null;
  const asked = openAskedPlan(memory, options.lastGood);
  const isAsked = ({ run }: Report): boolean => asked.waiting()?.run === run;
  /** What a clock has written down that was ahead would keep everybody from hearing how old it is: its age begins when that is seen. */
  const lastSuccess = (): string | null => {
    const now = new Date().toISOString();
    if (kept.lastSuccess !== null && Date.parse(kept.lastSuccess) > Date.parse(now)) kept = { ...kept, lastSuccess: now };
    return kept.lastSuccess;
  };
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
    const approval = read(asked.told) ?? null;
    const takenBack = updateTakenBack();
    const found = {
      ...(read(() => options.attempts.told(live.seen)) ?? { retry: null, stalled: null }),
      unconfirmed: read(() => unconfirmed(stateDirectory)) ?? null,
      ...(failing &&
        failing.passes > 1 && { stalled: `${failing.passes} passes in a row could not be made: ${failing.last.summary}` }),
    };
    return {
      schema: 'reconcile.status/1',
      host: kept.host,
      version,
      startedAt,
      phase: live.phase,
      revision: { applied: kept.applied, seen: live.seen, branch: live.branch },
      last: failing?.last ?? (damage ? lastOf(damage, new Date()) : kept.last),
      lastSuccess: lastSuccess(),
      ...(kept.health && { health: kept.health }),
      fetch: live.fetch,
      nextPass: live.nextPass,
      ...found,
      ...(takenBack && { updateTakenBack: takenBack }),
      suspended: suspension(),
      windowClosed: live.windowClosed,
      waitsFor: live.waitsFor,
      approval,
      contested: options.contest.contested(),
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
    kept = { ...kept, ...parts };
    const known = memory.get('kept') as Kept | undefined;
    if (!known || keptByHour(known) !== keptByHour(kept)) memory.set('kept', kept);
  };
  return {
    status,
    suspension,
    approved() {
      const found = asked.waiting();
      return found?.approved === true ? found : undefined;
    },
    approve: asked.approve,
    set: change,
    counted(causes) {
      for (const cause of causes) passes[cause] = (passes[cause] ?? 0) + 1;
    },
    polledNews: () => void (live.branch !== null && options.hooked.includes(live.branch) && missedHooks++),
    looked(look, at) {
      const { commit, seen, branch } = look;
      asked.supersede(commit);
      const known = live.seen;
      change({ fetch: fetchOf(look, at), seen: seen ?? known, branch });
      return known !== null && seen !== null && seen !== known;
    },
    pushed({ commit, branch }, at) {
      asked.supersede(commit);
      const { fetch } = live;
      const isFed = fetch?.ok === true && fetch.remote === null;
      // It proves the host as no look at the remote does, which may not have the revision yet.
      if (options.contest.contested().length === 0) keep({ lastSuccess: at.toISOString() });
      change({ seen: commit, branch, ...(isFed && { fetch: { ...fetch, at: at.toISOString(), message: keptUp } }) });
    },
    asked(checks, at) {
      const before = kept.health;
      if (checks.length === 0 && !before) return false;
      keep({ health: checks.length === 0 ? undefined : askedHealth(checks, at.toISOString()) });
      change({});
      return !isDeepStrictEqual(before?.failed, kept.health?.failed);
    },
    ended(report, at) {
      const converged = report.outcome === 'converged';
      asked.remember(report);
      // By a look alone, against a revision that may be old by now, or with something left alone, nothing is proved.
      const isMade = converged && report.action !== 'check';
      const isProved = isMade && live.fetch?.ok === true && options.contest.contested().length === 0;
      const isPlain = converged && report.writes === 0 && kept.last !== null && kept.last.outcome === 'converged';
      keep({
        host: report.host,
        health: healthAfter(report, at.toISOString(), kept.health),
        ...(!isPlain && { last: { run: report.run, outcome: report.outcome, summary: report.summary, at: at.toISOString() } }),
        ...(isMade && { applied: report.revision.commit }),
        ...(isProved && { lastSuccess: at.toISOString() }),
      });
      // What repaired a revision before it is no plan any more.
      if (isMade && report.revision.commit === live.seen) asked.supersede(live.seen);
      change({ windowClosed: isOutsideWindow(report), differing: countDiffering(report.steps) });
    },
    keptUp(report) {
      const { host, outcome, revision, steps } = report;
      asked.remember(report);
      const health = healthAfter(report, new Date().toISOString(), kept.health);
      keep({ host, health, ...(outcome === 'converged' && { applied: revision.commit }) });
      // The newest one may go on waiting for it.
      const isRefused = live.seen !== null && options.attempts.of(live.seen)?.outcome === 'refused';
      change({
        windowClosed: isOutsideWindow(report) || (isRefused && live.windowClosed),
        differing: countDiffering(steps),
      });
      return isAsked(report);
    },
    failed(error, at) {
      const passes = (failing?.passes ?? 0) + 1;
      failing = { last: lastOf(error, at), passes };
      change({});
      return passes > 1;
    },
    worked: () => void (failing = undefined),
    isNews(report) {
      const { outcome, problems, steps } = report;
      // A full disk has room for a digest, not for thousands of steps.
      const told = digestOf([
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

/** A converged pass writes nothing: of times that move with each, the hour is kept. */
function keptByHour({ lastSuccess, health, ...rest }: Kept): string {
  const hour = (time: string | null | undefined): string | undefined => time?.slice(0, 13);
  return JSON.stringify([rest, hour(lastSuccess), health && { ...health, at: hour(health.at) }]);
}

function fetchOf({ state, remote, problem, passedOver }: Look, at: Date): NonNullable<AgentStatus['fetch']> {
  const place = problem?.at ? `${printableLine(problem.at.file)}: ` : '';
  const ok = state === 'fetched';
  return {
    at: at.toISOString(),
    ok,
    state,
    remote,
    message: problem ? `${place}${problem.message}` : remote === null ? keptUp : 'the remote answered',
    ...(!ok && problem?.hint !== undefined && { hint: problem.hint }),
    ...(passedOver !== undefined && { passedOver }),
  };
}

const isOutsideWindow = ({ problems }: Report): boolean => problems.some(({ code }) => code === 'outside-window');

function lastOf({ message, hint }: Error & { readonly hint?: unknown }, at: Date): NonNullable<AgentStatus['last']> {
  const help = typeof hint === 'string' && { hint };
  return { run: '', outcome: 'error', summary: message, at: at.toISOString(), ...help };
}

function unconfirmed(stateDirectory: string): AgentStatus['unconfirmed'] {
  const found = readUnconfirmed(stateDirectory);
  return found && found.takenBack === undefined ? confirmationOf(found) : null;
}
