import { existsSync } from 'node:fs';
import { readUptime } from '../host/term.ts';
import type { DeadmanSettings } from '../model/deadman-settings.ts';
import type { DeadmanStatus } from '../model/deadman-status.ts';
import { nextMoment } from './clock.ts';
import { flagFile } from './flag.ts';
import { readMemory } from './memory.ts';
import { lastGood, presentConfig } from './snapshots.ts';

/** Looks at what is kept; asks no probe and changes nothing. */
export function readStatus(settings: DeadmanSettings): DeadmanStatus {
  const memory = readMemory(settings);
  const { limits } = settings;
  const ago = memory && nextMoment(memory.moment, readUptime()).own - memory.moment.own;
  const isStale = ago === undefined || ago > 3 * limits.check_interval;
  const good = lastGood(settings);
  return {
    agent: settings.agent,
    condition: isStale ? 'unwatched' : memory!.watch.condition,
    verdict: memory?.last.verdict ?? 'blind',
    reasons: memory?.last.reasons ?? ['it has never been checked'],
    checkedAt: memory?.checkedAt ?? null,
    checkedAgo: ago === undefined ? null : Math.round(ago / 1_000),
    misses: memory?.watch.misses ?? 0,
    failures: limits.failures,
    restarts: memory?.watch.restarts.length ?? 0,
    maxRestarts: limits.max_restarts,
    rollbacks: memory?.watch.rollbacks.length ?? 0,
    deadmanActive: existsSync(flagFile(settings)),
    config: presentConfig(settings).digest,
    lastGood: good ? { digest: good.digest, at: good.at } : null,
    unsent: memory?.unsent.length ?? 0,
    unlogged: memory?.unlogged.length ?? 0,
  };
}
