import { createHash } from 'node:crypto';

/**
 * Milliseconds until a host's own moment in the interval comes again, at least half an interval away: thousands of hosts that were
 * started together do not ask together, and a clock that jumps moves a poll by one interval at most.
 */
export function untilNextPoll(host: string, interval: number, now: number): number {
  const offset = createHash('sha256').update(host).digest().readUIntBE(0, 6) % interval;
  const wait = interval - ((((now - offset) % interval) + interval) % interval);
  return wait < interval / 2 ? wait + interval / 2 : wait;
}
