import type { Wave } from '../inventory/plan-waves.ts';

/** Why a revision is not applied yet. */
export interface Waiting {
  /** For people; says nothing that changes by itself. */
  readonly words: string;
  /** Milliseconds since 1970 when the answer may be another one; undefined: nobody knows. */
  readonly until?: number;
}

/** What a host has last said of a revision, and when (milliseconds since 1970, by the clock of the forge). */
export interface Said {
  readonly state: string;
  readonly at: number;
}

/**
 * What the hosts behind a wave wait for; undefined: nothing more. All hosts of the wave, but for those that may fail, must have said
 * that they are well, and that must have been so for the bake time. `now` and `until` are by the clock of the forge too.
 */
export function judgeWave(wave: Wave, said: ReadonlyMap<string, Said>, now: number): Waiting | undefined {
  const answers = wave.hosts.flatMap((host) => said.get(host) ?? []);
  const healthy = answers.filter(({ state }) => state === 'success');
  const failed = answers.filter(({ state }) => state === 'failure' || state === 'error').length;
  const all = wave.hosts.length;
  if (failed > wave.mayFail) return { words: `stopped: ${failed} of ${all} hosts failed in wave ${wave.name}` };
  if (healthy.length < Math.max(1, all - wave.mayFail))
    return { words: `waits for wave ${wave.name} (${healthy.length} of ${all} healthy)` };
  const until = Math.max(...healthy.map(({ at }) => at)) + wave.bake;
  if (until <= now) return undefined;
  return { words: `waits for wave ${wave.name}, which is watched until ${new Date(until).toISOString()}`, until };
}
