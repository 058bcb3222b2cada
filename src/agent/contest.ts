const window = 10 * 60_000;
const mostHeals = 5;
const pause = 60 * 60_000;

/** Counts repairs, so that two programs that disagree about a file do not overwrite each other for ever. */
export interface Contest {
  /** These were repaired at `now` (milliseconds). */
  healed(addresses: readonly string[], now: number): void;
  /** What is not to be repaired at `now`: repaired five times in ten minutes, and then for an hour. */
  contested(now: number): readonly string[];
  /** When the first of them is to be repaired again; undefined where nothing is contested. Milliseconds since 1970. */
  nextEnd(now: number): number | undefined;
}

export function openContest(): Contest {
  const heals = new Map<string, readonly number[]>();
  const until = new Map<string, number>();
  return {
    healed(addresses, now) {
      for (const address of addresses) {
        const recent = [...(heals.get(address) ?? []), now].filter((at) => at > now - window);
        heals.set(address, recent);
        if (recent.length >= mostHeals) until.set(address, now + pause);
      }
    },
    nextEnd: (now) => [...until.values()].filter((end) => end > now).sort((a, b) => a - b)[0],
    contested: (now) => [...until].filter(([, end]) => end > now).map(([address]) => address),
  };
}
