import { setTimeout as sleep } from 'node:timers/promises';
import { longestTimer } from '../../model/duration.ts';
import type { FleetEvent } from '../../model/fleet.ts';
import { OwnFault } from '../own-fault.ts';
import type { RolloutStore } from './rollout-store.ts';

/** Milliseconds between two looks for a wish. */
const interval = 200;

/** Whether a rollout may go on, as other terminals and Ctrl-C say. */
export interface RolloutGate extends Disposable {
  /** Resolves when a further host may begin, at once unless the rollout is paused; false: none may any more. */
  pass(): Promise<boolean>;
  /** Resolves after so many milliseconds; false when the rollout was ended meanwhile. Pausing does not stop this clock. */
  wait(milliseconds: number): Promise<boolean>;
  /** Why no further host may begin; undefined while they may. `isFinal`: somebody wants no more of it. */
  ended(): { readonly reason: string; readonly isFinal: boolean } | undefined;
}

/** Tells `emit` when a rollout that would go on is paused, and when it goes on. */
export function openRolloutGate(
  store: Pick<RolloutStore, 'wish'>,
  emit: (event: FleetEvent) => void,
  signal: AbortSignal,
): RolloutGate {
  const ending = new AbortController();
  let wish = store.wish();
  let changed = Promise.withResolvers<void>();
  let isToldPaused = false;
  const look = (): void => {
    const before = wish?.word;
    // Nobody goes on with what was aborted, whatever is wished afterwards.
    if (before === 'abort') return;
    wish = store.wish();
    if (wish?.word === before) return;
    if (wish?.word === 'abort') ending.abort();
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const interrupted = (): void => {
    ending.abort();
    changed.resolve();
  };
  // Inotify may be used up on an operator's machine, and this is one small file.
  const looking = setInterval(() => {
    try {
      look();
    } catch {
      // Nobody hears of it here: whoever is about to begin a host looks again.
    }
  }, interval);
  signal.addEventListener('abort', interrupted, { once: true });
  if (signal.aborted || wish?.word === 'abort') ending.abort();
  return {
    async pass() {
      look();
      while (wish?.word === 'pause' && !ending.signal.aborted) {
        if (!isToldPaused) emit({ type: 'paused' });
        isToldPaused = true;
        await changed.promise;
      }
      if (isToldPaused && !ending.signal.aborted) {
        isToldPaused = false;
        emit({ type: 'resumed' });
      }
      return !ending.signal.aborted;
    },
    async wait(milliseconds) {
      const end = performance.now() + milliseconds;
      for (let left = milliseconds; left > 0 && !ending.signal.aborted; left = end - performance.now())
        await sleep(Math.min(left, longestTimer), undefined, { signal: ending.signal }).catch(() => undefined);
      return !ending.signal.aborted;
    },
    ended() {
      look();
      if (wish?.word === 'abort') return { reason: `aborted by ${wish.by}`, isFinal: true };
      if (!signal.aborted) return undefined;
      const why = signal.reason instanceof OwnFault ? signal.reason.message : 'interrupted';
      return { reason: `${why}; the same command goes on where it was`, isFinal: false };
    },
    [Symbol.dispose]() {
      clearInterval(looking);
      signal.removeEventListener('abort', interrupted);
    },
  };
}
