import { setTimeout } from 'node:timers/promises';
import { StateError } from '../../state/state-error.ts';
import { takeLock } from '../../state/lock.ts';
import { revisionsIn } from './revision-store.ts';

/** Milliseconds between two tries. */
const pause = 50;

/** Waits until no other process uses the mirror of a state directory, at most `limit` milliseconds. */
export async function takeTurn(stateDirectory: string, limit: number, signal: AbortSignal): Promise<Disposable> {
  for (let waited = 0; ; waited += pause) {
    signal.throwIfAborted();
    const lock = takeLock(revisionsIn(stateDirectory));
    if (lock) return lock;
    if (waited >= limit)
      throw new StateError(`another process has been fetching into ${stateDirectory} for ${limit} ms`, 'try again later');
    await setTimeout(pause, undefined, { signal });
  }
}
