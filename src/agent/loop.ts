import type { AgentEvent, AgentPort, Trigger } from '../model/agent.ts';
import type { Event } from '../model/event.ts';
import type { Look } from '../model/follower.ts';
import type { Report } from '../model/report.ts';
import type { Declined, Order } from '../model/visit.ts';
import { isSettled } from '../reconcile.ts';
import { makeRunId } from '../run/start-run.ts';
import { commitSource } from '../source/git/commit-source.ts';
import { backoff } from './backoff.ts';
import { openCalm } from './calm.ts';
import { openEndedRuns } from './ended-runs.ts';
import { openHookPace } from './hook-pace.ts';
import { untilNextPoll } from './next-poll.ts';
import { runPass, type PassDeps } from './pass.ts';
import { lookPatiently } from './patient-look.ts';
import { openSchedule } from './schedule.ts';
import { tellPass, type TellDeps } from './tell-pass.ts';

/** What the loop works on and with. */
interface LoopDeps extends PassDeps, TellDeps {
  /** Milliseconds between two polls. */
  readonly interval: number;
  readonly name: string;
  emit(event: AgentEvent): void;
  problem(message: string): void;
}

export type Loop = Pick<AgentPort, 'trigger' | 'ended'> & {
  /** Works until `signal` ends; a run at work is then finished or taken back first. */
  run(): Promise<void>;
  /** This may have moved on the host, in the working tree or in what the agent was told. */
  moved(names: Iterable<string>): void;
  /** Lets `act` converge the host to a revision that was pushed, when nothing else is at work. Rejects when `gone` ends before that. */
  take(
    order: Order,
    gone: AbortSignal,
    act: (emit: (event: Event) => void) => Promise<Report | Declined>,
  ): Promise<Report | Declined>;
};

/** Whether nobody can have pushed anything. */
const isLocal = (causes: ReadonlySet<Trigger>): boolean => [...causes].every((cause) => cause === 'watch');

/**
 * One run at a time, and one that waits. A trigger says only "look again", so that any number of them while a run waits are one run;
 * it takes the newest revision when it begins, and a run at work ends on its own.
 */
export function openLoop(deps: LoopDeps, signal: AbortSignal): Loop {
  const { board, follower } = deps;
  let waiting: { readonly run: string; readonly causes: Set<Trigger> } | undefined;
  const visits: (() => Promise<void>)[] = [];
  let wake: (() => void) | undefined;
  const woken = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  let look: Look | undefined;
  let failedLooks = 0;
  let failures = 0;
  let hasMoved = false;
  let isRunning = false;
  const calm = openCalm();
  const schedule = openSchedule((reason) => {
    if (reason === 'moved') moved([]);
    else trigger(reason === 'poll' ? 'interval' : 'retry');
  });
  const ended = openEndedRuns();
  const pace = openHookPace();

  const trigger: AgentPort['trigger'] = (cause) => {
    if (!waiting) {
      waiting = { run: makeRunId(new Date().toISOString()), causes: new Set() };
      ended.begin(waiting.run);
    }
    waiting.causes.add(cause);
    wake?.();
    return { run: waiting.run };
  };

  const lookAgain = async (causes: ReadonlySet<Trigger>): Promise<Look> => {
    const isExpected = causes.has('webhook') || causes.has('control') || causes.has('signal');
    const ready = pace.ask(causes);
    const begin = (cut: AbortSignal): Promise<Look> => {
      board.set({ phase: 'fetching' });
      const end = AbortSignal.any([signal, cut]);
      return ready(end).then(() => follower.look(end, isExpected));
    };
    const late = (): void => {
      takeLastGood();
      wake?.();
    };
    const found = await lookPatiently(begin, { beside: repair, instead: visits, late, woken });
    failedLooks = found.state === 'offline' ? failedLooks + 1 : 0;
    schedule.set('look', failedLooks > 0 ? backoff(failedLooks, Math.random()) : undefined);
    const isNews = board.looked(found, new Date());
    if (isNews) pace.found(causes);
    if (isNews && causes.has('interval') && !causes.has('webhook')) board.polledNews();
    return found;
  };

  /** What has moved on the host meanwhile, by what is known. */
  const repair = (): (() => Promise<void>) | undefined => {
    const next = waiting;
    if (!next || !look || !isLocal(next.causes) || failures > 0) return undefined;
    waiting = undefined;
    return async () => {
      await pass(next.run, next.causes);
      board.set({ phase: 'fetching' });
    };
  };

  /** After a start nothing is known, and what was good last is kept up. */
  const takeLastGood = (): void => {
    if (look) return;
    try {
      const source = follower.lastGood();
      if (!source) return;
      look = { ...source.head(), state: 'offline', source, seen: null, remote: null };
      trigger('watch');
    } catch {
      // What cannot be read is for the look to find out and to tell.
    }
  };

  const pass = async (run: string, causes: ReadonlySet<Trigger>): Promise<void> => {
    board.counted(causes);
    // After a failure nothing is taken for known.
    const isPoll = failures > 0 || !isLocal(causes);
    let report: Report | undefined;
    let writes = 0;
    try {
      if (!look || isPoll) look = await lookAgain(causes);
      calm.begin();
      board.set({ phase: 'running' });
      isRunning = true;
      const suspension = board.suspension();
      // A pass of a host that is left alone only looks.
      const isProof = !suspension || failures < 2;
      const suspendedUntil = suspension ? Date.parse(suspension.until) : undefined;
      const approved = board.approved();
      const emit = announcing(run, look.commit, deps);
      const result = await runPass(look, deps, { run, isPoll, suspendedUntil, approved, emit, signal });
      writes = (result.report?.writes ?? 0) + (result.repair?.writes ?? 0);
      schedule.set('retry', result.retryAt === undefined ? undefined : result.retryAt - Date.now());
      board.set({ waitsFor: result.waitsFor ?? null });
      report = await tellPass(result, deps, isProof, signal);
      if (isProof) failures = 0;
    } catch (error) {
      report = undefined;
      if (!signal.aborted) failed(error as Error);
    }
    if (isPoll) schedule.set('poll', untilNextPoll(deps.name, deps.interval, Date.now()));
    calm.end(!isPoll && writes === 0);
    rest();
    ended.end(run, report);
  };

  /** A bug, or a state that cannot be used: a full disk must not end the one that is to say so. */
  const failed = (failure: Error & { readonly hint?: string }): void => {
    failures++;
    schedule.set('retry', backoff(failures, Math.random()));
    deps.problem(failure.hint === undefined ? failure.message : `${failure.message}; ${failure.hint}`);
    try {
      if (board.failed(failure, new Date())) deps.tell({ type: 'status', status: board.status() });
    } catch (error) {
      deps.problem((error as Error).message);
    }
  };

  /** When it is due again stands already, whatever becomes of this. */
  const rest = (): void => {
    isRunning = false;
    const next = schedule.next();
    try {
      const phase = signal.aborted ? 'stopping' : 'idle';
      board.set({ phase, nextPass: next === undefined ? null : new Date(next).toISOString() });
    } catch (error) {
      // What fails in the pass too was said there.
      if (failures === 0) failed(error as Error);
    }
    if (hasMoved) moved([]);
  };

  const isAsLeft = (): boolean => {
    try {
      return look?.source !== undefined && isSettled({ source: look.source, ...deps.place });
    } catch {
      // What cannot be looked at is for a run to find out and to tell.
      return false;
    }
  };

  const moved: Loop['moved'] = (names) => {
    calm.moved(names);
    hasMoved = isRunning;
    const wait = calm.wait();
    // What fails has its own time, and the run's own writes are what it left.
    if (isRunning || failures > 0 || (wait > 0 && schedule.has('moved')) || isAsLeft()) return;
    if (wait > 0) schedule.set('moved', wait);
    else trigger('watch');
  };

  const take: Loop['take'] = (order, gone, act) => {
    const { promise, resolve, reject } = Promise.withResolvers<Report | Declined>();
    visits.push(() => visit(order, gone, act).then(resolve, reject));
    wake?.();
    return promise;
  };

  const visit = async (order: Order, gone: AbortSignal, act: Parameters<Loop['take']>[2]): Promise<Report | Declined> => {
    signal.throwIfAborted();
    gone.throwIfAborted();
    const { commit, branch } = order;
    board.set({ phase: 'running' });
    isRunning = true;
    try {
      const report = await act(deps.emit);
      const isWhole = order.tags.length === 0;
      if ('type' in report || report.outcome === 'busy' || (signal.aborted && report.outcome !== 'converged')) return report;
      if (report.outcome === 'converged' && isWhole) {
        const source = commitSource({ stateDirectory: deps.stateDirectory, commit, branch });
        look = { state: 'fetched', source, commit, branch, seen: commit, remote: null };
        deps.attempts.applied(commit);
        board.pushed(order, new Date());
      }
      if (isWhole) board.ended(report, new Date());
      if (board.isNews(report)) deps.keep(report);
      board.worked();
      deps.tell({ type: 'ended', report, status: board.status() });
      await deps.passed(false);
      return report;
    } finally {
      rest();
    }
  };

  const run = async (): Promise<void> => {
    trigger('start');
    try {
      while (!signal.aborted) {
        const visited = visits.shift();
        if (visited) {
          await visited();
          continue;
        }
        const next = waiting;
        if (!next) {
          await woken();
          continue;
        }
        waiting = undefined;
        await pass(next.run, next.causes);
      }
    } finally {
      schedule.stop();
      ended.close();
    }
    for (const visited of visits) await visited();
    board.set({ phase: 'stopping', nextPass: null });
  };

  signal.addEventListener('abort', () => wake?.(), { once: true });
  return { run, trigger, take, ended: ended.of, moved };
}

/** Passes on what happens in a run, and tells people once that it has begun to change something. */
function announcing(run: string, commit: string | null, { board, tell, emit }: LoopDeps): (event: Event) => void {
  let isTold = false;
  return (event) => {
    if (event.type === 'applying' && !isTold) {
      isTold = true;
      tell({ type: 'applying', run, commit, status: board.status() });
    }
    emit(event);
  };
}
