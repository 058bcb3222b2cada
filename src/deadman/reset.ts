import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { takeLock } from '../state/lock.ts';
import { setFlag } from './flag.ts';
import { readMemory, writeMemory } from './memory.ts';
import { runtimeDirectory } from './runtime-directory.ts';
import { firstState } from './step.ts';

/**
 * Forgets what was wrong with an agent and what was tried, so that the watchdog acts again. Snapshots and what waits to be logged stay.
 * False: a check is not over, and nothing was changed.
 */
export function reset(settings: DeadmanSettings): boolean {
  using lock = takeLock(runtimeDirectory(settings));
  if (!lock) return false;
  const memory = readMemory(settings);
  // What people were told last is kept, so that they hear when it is well.
  if (memory)
    writeMemory(settings, { ...memory, watch: { ...firstState, told: memory.watch.told }, unsent: [], unsentSince: null });
  const [problem] = setFlag(settings, false, [], new Date());
  if (problem !== undefined) throw new Error(problem);
  return true;
}
