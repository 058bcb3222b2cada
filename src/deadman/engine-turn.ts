import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { takeLock } from '../state/lock.ts';
import { findSuspension } from '../state/suspension.ts';

/** Milliseconds. */
const pause = 500;

/** Whether the watchdog may act: nobody converges the host, and nobody wants it left alone. */
export type Turn =
  { readonly suppressed: 'run' | 'suspended' } | { readonly suppressed: undefined; readonly release: () => void };

/**
 * Takes the lock that a run of the reconciler takes, so that the two never work on the host at once; `release` gives it back. What
 * was never there or cannot be read keeps nobody away: the watchdog works without the engine. `patience`: milliseconds to wait for a
 * run that is not over; most take a second.
 */
export async function takeTurn(stateDirectory: string, patience: number): Promise<Turn> {
  if (!existsSync(join(stateDirectory, 'lock.db')))
    return suspendedOr(stateDirectory, { suppressed: undefined, release: () => {} });
  for (const end = performance.now() + patience; ; await setTimeout(pause)) {
    const lock = tryLock(stateDirectory);
    if (lock) {
      const turn = suspendedOr(stateDirectory, { suppressed: undefined, release: () => lock.release() });
      if (turn.suppressed !== undefined) lock.release();
      return turn;
    }
    if (performance.now() >= end) return { suppressed: 'run' };
  }
}

function suspendedOr(stateDirectory: string, free: Turn): Turn {
  return typeof findSuspension(stateDirectory) === 'object' ? { suppressed: 'suspended' } : free;
}

function tryLock(stateDirectory: string): { release(): void } | undefined {
  try {
    return takeLock(stateDirectory);
  } catch {
    return { release: () => {} };
  }
}
