import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { readUptime } from '../host/term.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import { writeAtomically } from '../source/write-atomically.ts';
import { ExitError } from '../model/exit-error.ts';

/** Stamps the heartbeat of an agent. Throws when its settings name no stamp. */
export function beat({ agent, heartbeat }: DeadmanSettings): void {
  if (!heartbeat)
    throw new ExitError('invalid', `the settings of ${agent} name no heartbeat stamp`, `set "heartbeat" of deadman[${agent}]`);
  const { boot, uptime } = readUptime();
  mkdirSync(dirname(heartbeat.stamp), { recursive: true });
  // Its owner would become the owner of the new one, and whose stamp it is counts.
  const { uid } = lstatSync(heartbeat.stamp, { throwIfNoEntry: false }) ?? {};
  if (uid !== undefined && uid !== process.geteuid?.()) rmSync(heartbeat.stamp);
  // The time since the host started, which nobody sets, and for people the time of day.
  writeAtomically(heartbeat.stamp, `beat ${boot || '-'} ${uptime}\n${new Date().toISOString()}\n`, 0o644);
}
