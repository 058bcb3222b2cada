import { uptime } from 'node:os';
import { readUptime } from '../host/term.ts';

/** A moment of the watchdog's own clock. */
export interface Moment {
  /** Milliseconds that this watchdog knows to have passed since its first check. Never goes back, never jumps ahead. */
  readonly own: number;
  /** Which start of the host; empty where the system has no name for it. */
  readonly boot: string;
  /** Milliseconds since then, without those that the host has slept: what it watches has slept too. systemd's times are of this clock. */
  readonly uptime: number;
}

/**
 * The next moment. People and NTP set the clock of a host; the time since it started is nobody's to set, and of the time that it
 * was switched off or asleep nothing is assumed.
 */
export function nextMoment(last: Moment | undefined, present: Omit<Moment, 'own'>): Moment {
  if (!last) return { own: 0, ...present };
  const isSame = present.boot === last.boot && present.uptime >= last.uptime;
  return { own: last.own + (isSame ? present.uptime - last.uptime : present.uptime), ...present };
}

/** How long the host has slept since it started, at most. Milliseconds. */
export const readSleep = (): number => Math.max(0, Math.ceil(uptime() * 1_000) - readUptime().uptime);
