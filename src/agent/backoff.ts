const first = 5_000;
const longest = 15 * 60_000;
/** What no wait is longer than. Milliseconds. */
export const longestBackoff = longest * 1.2;

/** Milliseconds until the next try after so many failures in a row: 5 s, doubled each time up to 15 min, spread by a fifth. `chance` is in [0, 1). */
export const backoff = (failures: number, chance: number): number =>
  Math.min(longest, first * 2 ** Math.min(failures - 1, 20)) * (0.8 + 0.4 * chance);
