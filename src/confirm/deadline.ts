import { readUptime } from '../deadman/clock.ts';
import type { Unconfirmed } from '../model/unconfirmed.ts';

/** A moment on all clocks that count. */
interface Now extends ReturnType<typeof readUptime> {
  /** Milliseconds since 1970. */
  readonly time: number;
}

export const readNow = (): Now => ({ time: Date.now(), ...readUptime() });

type Term = Pick<Unconfirmed, 'since' | 'boot' | 'uptime' | 'within'>;

/**
 * How many milliseconds a run still has; 0: its time is over. As long as the host is up, nothing but the time since its start
 * counts, which nobody can set. After a boot the clock counts too, and whichever says less.
 */
export function timeLeft({ since, boot, uptime, within }: Term, now: Now): number {
  // In a container it goes on over a boot.
  const isOn = now.uptime >= uptime;
  const left = isOn ? uptime + within - now.uptime : within - now.uptime;
  if (isOn && now.boot === boot) return Math.max(0, left);
  // A clock that was set back must not give it more time than it had.
  return now.time < since ? 0 : Math.max(0, Math.min(left, since + within - now.time));
}

/** A whole term from this moment on. */
export const termFrom = ({ time, boot, uptime }: Now, within: number): Term => ({ since: time, boot, uptime, within });
