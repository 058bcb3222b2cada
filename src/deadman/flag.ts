import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { writeAtomically } from '../source/write-atomically.ts';

/** What other programs look for: it is there while the watchdog has given an agent up. */
export const flagFile = ({ state_dir: directory }: DeadmanSettings): string => join(directory, 'deadman_active');

/** Makes it so at every check, so that a flag that was lost or could not be written comes right. Gives why that did not work. */
export function setFlag(settings: DeadmanSettings, isActive: boolean, reasons: readonly string[], at: Date): readonly string[] {
  const file = flagFile(settings);
  try {
    if (!isActive) rmSync(file, { force: true });
    else if (!existsSync(file))
      writeAtomically(file, `${JSON.stringify({ agent: settings.agent, since: at.toISOString(), reasons })}\n`, 0o644);
    return [];
  } catch (error) {
    return [`the flag ${file} cannot be set: ${(error as Error).message}`];
  }
}
