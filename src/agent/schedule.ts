import { longestTimer } from '../model/duration.ts';

/** What a pass is due for: a poll, a revision that is tried again, a remote that did not answer, something on the host. */
type Reason = 'poll' | 'retry' | 'look' | 'moved';

/** When the agent looks again, for each reason by itself: what is due for one is not moved by a pass that was for another. */
interface Schedule {
  /** `wait`: milliseconds from now; undefined: not any more. */
  set(reason: Reason, wait: number | undefined): void;
  has(reason: Reason): boolean;
  /** Milliseconds since 1970 when something is due next. */
  next(): number | undefined;
  stop(): void;
}

/** Calls `due` once for each reason that was set. Goes by a clock that never jumps. */
export function openSchedule(due: (reason: Reason) => void): Schedule {
  const times = new Map<Reason, number>();
  let timer: NodeJS.Timeout | undefined;
  const soonest = (): readonly [reason: Reason, at: number] | undefined => [...times].sort(([, a], [, b]) => a - b)[0];
  const arm = (): void => {
    clearTimeout(timer);
    const [reason, at] = soonest() ?? [];
    if (reason === undefined || at === undefined) return;
    const wait = Math.max(0, at - performance.now());
    timer = setTimeout(
      () => {
        if (at <= performance.now() && times.delete(reason)) due(reason);
        arm();
      },
      Math.min(wait, longestTimer),
    );
  };
  return {
    set(reason, wait) {
      if (wait === undefined) times.delete(reason);
      else times.set(reason, performance.now() + wait);
      arm();
    },
    has: (reason) => times.has(reason),
    next() {
      const [, at] = soonest() ?? [];
      return at === undefined ? undefined : Math.round(Date.now() + at - performance.now());
    },
    stop() {
      times.clear();
      clearTimeout(timer);
    },
  };
}
