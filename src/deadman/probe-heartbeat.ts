import { fstatSync, readSync } from 'node:fs';
import { useRegularFile } from '../host/regular-file.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import type { Moment } from './clock.ts';
import type { ProbeMemory } from './memory.ts';
import type { Finding } from './probe.ts';

type Stamp = { readonly id: string; readonly text: string; readonly changedAt: number } | { readonly missing: string };

/**
 * The heartbeat. What `reconcile deadman beat` wrote says when that was by the time since the host started; of any other stamp counts
 * that it has changed since the last look, and its own time only as far as that leaves it open. So no setting of the host's clock
 * makes a living agent late.
 */
export function probeHeartbeat(
  { stamp: file, timeout, required }: NonNullable<DeadmanSettings['heartbeat']>,
  last: ProbeMemory['stamp'],
  now: Moment,
): { readonly finding: Finding; readonly stamp: NonNullable<ProbeMemory['stamp']> } {
  const found = readStamp(file);
  const stamp = { ...beatAt(found, last, timeout, now), seenAt: now.own };
  const age = ('missing' in found ? undefined : beatenAgo(found.text, now)) ?? now.own - stamp.at;
  const isAwaited = required || stamp.id !== '';
  if (age <= timeout || !isAwaited) return { finding: { verdict: 'healthy' }, stamp };
  const why = 'missing' in found ? `; ${found.missing}` : '';
  return { finding: { verdict: 'dead', reason: `no heartbeat for ${Math.round(age / 1_000)} s${why}` }, stamp };
}

/** Which stamp stands there, and when it was made by the watchdog's own clock, at the latest. */
function beatAt(
  found: Stamp,
  last: ProbeMemory['stamp'],
  timeout: number,
  now: Moment,
): { readonly id: string; readonly at: number } {
  // The first look begins the wait.
  if (!last) return { id: 'missing' in found ? '' : found.id, at: now.own };
  // A stamp that was taken away is no sign of life.
  if ('missing' in found || found.id === last.id) return last;
  const mostAgo = Math.min(now.own - last.seenAt, timeout);
  return { id: found.id, at: now.own - Math.min(Math.max(0, Date.now() - found.changedAt), mostAgo) };
}

/** Milliseconds since `reconcile deadman beat` wrote this, if it did, since this start of the host. */
function beatenAgo(text: string, now: Moment): number | undefined {
  const [, boot, uptime] = /^beat (\S+) (\d{1,16})$/m.exec(text) ?? [];
  if (boot === undefined || boot !== now.boot || boot === '-' || Number(uptime) > now.uptime) return undefined;
  return now.uptime - Number(uptime);
}

/** Stamps stand in directories where everybody may write: no links, and only what root or this user wrote. */
function readStamp(file: string): Stamp {
  try {
    return (
      useRegularFile(
        () => file,
        file,
        (descriptor) => stampIn(file, descriptor),
        Infinity,
      ) ?? { missing: `${file} does not exist` }
    );
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

function stampIn(file: string, descriptor: number): Stamp {
  const { uid, ino, mtimeNs, size } = fstatSync(descriptor, { bigint: true });
  if (Number(uid) !== 0 && Number(uid) !== process.geteuid?.())
    return { missing: `${file} belongs to user ${uid}, who could stamp for a dead agent` };
  const bytes = Buffer.alloc(256);
  const text = bytes.toString('latin1', 0, readSync(descriptor, bytes));
  return { id: `${ino}-${mtimeNs}-${size}`, text, changedAt: Number(mtimeNs / 1_000_000n) };
}
