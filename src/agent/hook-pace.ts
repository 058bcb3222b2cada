import { setTimeout } from 'node:timers/promises';
import type { Trigger } from '../model/agent.ts';
import { monotonic } from '../model/monotonic.ts';

/** Milliseconds. */
const every = 5_000;
const atOnce = 5;

/**
 * Keeps hooks that somebody has caught and sends again and again from costing the remote much: five looks that only hooks ask for and that
 * find nothing new are made at once, then one in 5 s. No hook is lost by that, for a look finds what is newest when it is made.
 */
interface HookPace {
  /** Resolves when the look may be made; rejects when `signal` ends before that. */
  ask(causes: ReadonlySet<Trigger>): (signal: AbortSignal) => Promise<void>;
  /** That look has found another revision. */
  found(causes: ReadonlySet<Trigger>): void;
}

export function openHookPace(now: () => number = monotonic): HookPace {
  let next = -Infinity;
  const isHook = (causes: ReadonlySet<Trigger>): boolean =>
    causes.has('webhook') && [...causes].every((cause) => cause === 'webhook' || cause === 'watch');
  return {
    ask(causes) {
      if (!isHook(causes)) return () => Promise.resolve();
      const due = Math.max(next, now() - (atOnce - 1) * every);
      next = due + every;
      return async (signal) => {
        const wait = due - now();
        if (wait > 0) await setTimeout(wait, undefined, { signal });
      };
    },
    found(causes) {
      if (isHook(causes)) next -= every;
    },
  };
}
