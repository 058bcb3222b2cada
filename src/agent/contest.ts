const window = 10 * 60_000;
const mostHeals = 5;
const pause = 60 * 60_000;

/**
 * Counts repairs, so that two programs that disagree about a file do not overwrite each other for ever. Goes by a clock that never
 * jumps.
 */
export interface Contest {
  /** These were repaired now. */
  healed(addresses: readonly string[]): void;
  /** What is not to be repaired: repaired five times in ten minutes, and then for an hour. */
  contested(): readonly string[];
  /** Milliseconds until the first of them is to be repaired again; undefined where nothing is contested. */
  untilEnd(): number | undefined;
}

export function openContest(): Contest {
  const heals = new Map<string, readonly number[]>();
  const until = new Map<string, number>();
  const left = (): readonly (readonly [address: string, wait: number])[] =>
    [...until].map(([address, end]) => [address, end - performance.now()] as const).filter(([, wait]) => wait > 0);
  return {
    healed(addresses) {
      const now = performance.now();
      for (const address of addresses) {
        const recent = [...(heals.get(address) ?? []), now].filter((at) => at > now - window);
        heals.set(address, recent);
        if (recent.length >= mostHeals) until.set(address, now + pause);
      }
    },
    contested: () => left().map(([address]) => address),
    untilEnd: () =>
      left()
        .map(([, wait]) => wait)
        .sort((a, b) => a - b)[0],
  };
}
