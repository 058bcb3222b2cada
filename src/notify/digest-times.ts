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

/** The daily moment whose digest a channel should have had by now and has not. `digested`: the moment of its last one. */
export function dueDigest({ digest }: Pick<Channel, 'digest'>, digested: number, now: number, zone?: string): number | undefined {
  if (digest === undefined) return undefined;
  // The reference itself is not among the previous runs.
  const [moment] = dailyAt(digest, zone).previousRuns(1, new Date(now + 1_000));
  const at = moment?.getTime();
  // One of the future was noted by a clock that was ahead.
  const isNew = at !== undefined && (at > digested || digested > now);
  return isNew && at <= now && now - at < latest ? at : undefined;
}
