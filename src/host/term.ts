import { readFileSync } from 'node:fs';

/** A moment on all clocks that count. */
export interface Now extends ReturnType<typeof readUptime> {
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** A length of time, and when it began. Milliseconds; `since` is a `time`. */
export interface Term {
  readonly since: number;
  readonly boot: string;
  readonly uptime: number;
  readonly within: number;
}

/** Which start of the host this is (empty where the system has no name for it), and the milliseconds since, without its sleep. */
export const readUptime = (): { readonly boot: string; readonly uptime: number } => ({
  boot: readBoot(),
  uptime: Number(process.hrtime.bigint() / 1_000_000n),
});

export const readNow = (): Now => ({ time: Date.now(), ...readUptime() });

/** A whole term from this moment on. */
export const termFrom = ({ time, boot, uptime }: Now, within: number): Term => ({ since: time, boot, uptime, within });

/** Whether the host has been up since, so that the time since its start says what has passed. */
export const isSameBoot = ({ boot, uptime }: Pick<Term, 'boot' | 'uptime'>, now: Now): boolean =>
  now.boot === boot && now.uptime >= uptime;

/**
 * How many milliseconds are left of it; 0: it is over. As long as the host is up, nothing but the time since its start counts, which
 * nobody can set. After a boot the clock counts too, and whichever says less; one that stands before the beginning says nothing.
 */
export function leftOf(term: Term, now: Now): number {
  const { since, uptime, within } = term;
  // In a container it goes on over a boot.
  const left = now.uptime >= uptime ? uptime + within - now.uptime : within - now.uptime;
  return Math.max(0, isSameBoot(term, now) || now.time < since ? left : Math.min(left, since + within - now.time));
}

function readBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
