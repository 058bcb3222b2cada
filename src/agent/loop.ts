import type { AgentEvent, AgentPort, Trigger } from '../model/agent.ts';
import type { Event } from '../model/event.ts';
import type { Look } from '../model/follower.ts';
import type { News } from '../model/reporter.ts';
import type { Report } from '../model/report.ts';
import type { Declined, Order } from '../model/visit.ts';
import { isSettled } from '../reconcile.ts';
import { makeRunId } from '../run/start-run.ts';
import { commitSource } from '../source/git/commit-source.ts';
import { backoff } from './backoff.ts';
import { untilNextPoll } from './next-poll.ts';
import { runPass, type PassDeps } from './pass.ts';
import type { StatusBoard } from './status-board.ts';

/** What the loop works on and with. */
interface LoopDeps extends PassDeps {
  readonly board: StatusBoard;
  /** Milliseconds between two polls. */
  readonly interval: number;
  readonly name: string;
  /** Puts a report where `history` finds it. */
  keep(report: Report): void;
  tell(news: News): void;
  /** Called when the managed paths may have become others. */
  passed(): Promise<void>;
  emit(event: AgentEvent): void;
  problem(message: string): void;
}

export type Loop = Pick<AgentPort, 'trigger' | 'ended'> & {
  /** Works until `signal` ends; a run at work is then finished or taken back first. */
  run(): Promise<void>;
  /** Something on the host or in the working tree may have moved. */
  moved(): void;
  /** Lets `act` converge the host to a revision that was pushed, when nothing else is at work. Rejects when `gone` ends before that. */
  take(
    order: Order,
    gone: AbortSignal,
    act: (emit: (event: Event) => void) => Promise<Report | Declined>,
  ): Promise<Report | Declined>;
};

/** Whether nobody can have pushed anything. */
const isLocal = (causes: ReadonlySet<Trigger>): boolean => [...causes].every((cause) => cause === 'watch');
/** Ended runs that can still be waited for. Their reports may hold the diffs of thousands of files. */
const keptReports = 4;

/**
 * One run at a time, and one that waits. A trigger says only "look again", so that any number of them while a run waits are one run;
 * it takes the newest revision when it begins, and a run at work ends on its own.
 */
export function openLoop(deps: LoopDeps, signal: AbortSignal): Loop {
  const { board, follower } = deps;
  let waiting: { readonly run: string; readonly causes: Set<Trigger> } | undefined;
  const visits: (() => Promise<void>)[] = [];
  let wake: (() => void) | undefined;
  let look: Look | undefined;
  let failedLooks = 0;
  let failures = 0;
  let hasMoved = false;
  let isRunning = false;
  let isWatching = false;
  let timer: NodeJS.Timeout | undefined;
  const ended = new Map<string, { readonly promise: Promise<Report | undefined>; resolve(report: Report | undefined): void }>();

  const trigger: AgentPort['trigger'] = (cause) => {
    if (!waiting) {
      waiting = { run: makeRunId(new Date().toISOString()), causes: new Set() };
      ended.set(waiting.run, Promise.withResolvers<Report | undefined>());
      for (const run of ended.keys()) if (ended.size > keptReports) ended.delete(run);
    }
    waiting.causes.add(cause);
    wake?.();
    return { run: waiting.run };
  };

  const lookAgain = async (causes: ReadonlySet<Trigger>): Promise<Look> => {
    if (look && isLocal(causes)) return look;
    board.set({ phase: 'fetching' });
    const before = look?.seen;
    const found = await follower.look(signal, causes.has('webhook') || causes.has('control') || causes.has('signal'));
    failedLooks = found.state === 'offline' ? failedLooks + 1 : 0;
    board.looked(found, new Date());
    const isNews = before !== undefined && found.seen !== before;
    if (isNews && causes.has('interval') && !causes.has('webhook')) board.missedHook();
    return found;
  };

  const pass = async (run: string, causes: ReadonlySet<Trigger>): Promise<void> => {
    board.counted(causes);
    let retryAt: number | undefined;
    let report: Report | undefined;
    try {
      const before = board.status();
      look = await lookAgain(causes);
      board.set({ phase: 'running' });
      isRunning = true;
      const isCheck = board.suspension() !== null;
      const approvedDigest = board.approvedDigest();
      let isTold = false;
      const emit = (event: Event): void => {
        if (event.type === 'applying' && !isTold) {
          isTold = true;
          deps.tell({ type: 'applying', run, commit: look?.commit ?? null, status: board.status() });
        }
        deps.emit(event);
      };
      const isPoll = !isLocal(causes);
      const result = await runPass(look, deps, { run, isPoll, isCheck, approvedDigest, emit, signal });
      ({ report, retryAt } = result);
      board.set({ waitsFor: result.waitsFor ?? null });
      if (result.repair) deps.keep(result.repair);
      // A run that the end of this process has cut short is no news: it was put back, and begins anew with the next start.
      if (signal.aborted && report?.outcome !== 'converged') report = undefined;
      if (report) {
        board.ended(report, new Date());
        if (board.isNews(report)) deps.keep(report);
        deps.tell({ type: 'ended', report, status: board.status() });
      } else if (before.fetch?.message !== board.status().fetch?.message) {
        deps.tell({ type: 'status', status: board.status() });
      }
      if (!isWatching || (report?.writes ?? 0) > 0) await deps.passed();
      isWatching = true;
      failures = 0;
    } catch (error) {
      if (!signal.aborted) retryAt = failed(error as Error);
    }
    isRunning = false;
    schedule(retryAt);
    ended.get(run)?.resolve(report);
    if (hasMoved) moved();
  };

  /** A bug, or a state that cannot be used: a full disk must not end the one that is to say so. When to try again. */
  const failed = ({ message }: Error): number => {
    failures++;
    deps.problem(message);
    try {
      board.failed(message, new Date());
      deps.tell({ type: 'status', status: board.status() });
    } catch (error) {
      deps.problem((error as Error).message);
    }
    return Date.now() + backoff(failures, Math.random());
  };

  const schedule = (retryAt: number | undefined): void => {
    clearTimeout(timer);
    const poll = untilNextPoll(deps.name, deps.interval, Date.now());
    const retries = [
      ...(retryAt === undefined || deps.attempts.stalled() !== undefined ? [] : [retryAt - Date.now()]),
      ...(failedLooks > 0 ? [backoff(failedLooks, Math.random())] : []),
    ];
    const soonest = Math.max(0, Math.min(poll, ...retries));
    board.set({ phase: 'idle', nextPass: new Date(Date.now() + soonest).toISOString() });
    timer = setTimeout(() => void trigger(soonest < poll ? 'retry' : 'interval'), soonest);
  };

  const isAsLeft = (): boolean => {
    try {
      return look?.source !== undefined && isSettled({ source: look.source, ...deps.place });
    } catch {
      // What cannot be looked at is for a run to find out and to tell.
      return false;
    }
  };

  const moved = (): void => {
    if (isRunning) {
      hasMoved = true;
    } else {
      hasMoved = false;
      // The run's own writes are what it left.
      if (!isAsLeft()) trigger('watch');
    }
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
    const wasWaitingUntil = board.status().nextPass;
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
      deps.tell({ type: 'ended', report, status: board.status() });
      if (!isWatching || report.writes > 0) await deps.passed();
      return report;
    } finally {
      isRunning = false;
      board.set({ phase: 'idle', nextPass: wasWaitingUntil });
      if (hasMoved) moved();
    }
  };

  const run = async (): Promise<void> => {
    trigger('start');
    while (!signal.aborted) {
      const visited = visits.shift();
      if (visited) {
        await visited();
        continue;
      }
      const next = waiting;
      if (!next) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      waiting = undefined;
      await pass(next.run, next.causes);
    }
    clearTimeout(timer);
    board.set({ phase: 'stopping', nextPass: null });
    for (const { resolve } of ended.values()) resolve(undefined);
    for (const visited of visits) await visited();
  };

  signal.addEventListener('abort', () => wake?.(), { once: true });
  return {
    run,
    trigger,
    take,
    ended: (run) => ended.get(run)?.promise ?? Promise.resolve(undefined),
    moved,
  };
}
