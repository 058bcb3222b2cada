import { Cron } from 'croner';
import type { Channel } from '../model/host-policy-document.ts';

/** A digest that could not be sent at its time still comes within this time: the host was off, or asleep. Milliseconds. */
const latest = 6 * 60 * 60_000;

function dailyAt(time: string, zone: string | undefined): Cron {
  const [hours, minutes] = time.split(':').map(Number);
  return new Cron(`${minutes} ${hours} * * *`, { paused: true, ...(zone === undefined ? {} : { timezone: zone }) });
}

/** When the next channel wants its digest; undefined when none does. Milliseconds since 1970; `zone`: this machine's unless told. */
export function nextDigest(channels: readonly Pick<Channel, 'digest'>[], now: number, zone?: string): number | undefined {
  const times = channels.flatMap(({ digest }) => {
    const next = digest === undefined ? null : dailyAt(digest, zone).nextRun(new Date(now));
    return next ? [next.getTime()] : [];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

/** From one daily moment to the next, which is not always 24 hours. Milliseconds since 1970. */
interface Day {
  readonly since: number;
  readonly until: number;
}

/** The day whose digest a channel should have had by now and has not. `digested`: when that of its last one ended. */
export function dueDigest({ digest }: Pick<Channel, 'digest'>, digested: number, now: number, zone?: string): Day | undefined {
  if (digest === undefined) return undefined;
  // The reference itself is not among the previous runs.
  const [until, since] = dailyAt(digest, zone)
    .previousRuns(2, new Date(now + 1_000))
    .map((moment) => moment.getTime());
  if (until === undefined || since === undefined || until > now || now - until >= latest) return undefined;
  // What a clock has written down that was ahead must not silence it until then.
  return until > digested || digested > now ? { since, until } : undefined;
}
