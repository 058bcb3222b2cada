import { join } from 'node:path';
import type { DeadmanSettings } from '../model/deadman-settings.ts';

/** For the lock, and for what must be remembered while the disk is full. Gone after a restart of the host, and made again. */
export const runtimeDirectory = ({ runtime_dir: directory, agent }: DeadmanSettings): string =>
  join(directory, `reconcile-deadman-${agent}`);
