/**
 * Keeps a host on which something moves all the time, and nothing is repaired, from being looked at all the time. What is new among
 * what moves is looked at at once all the same: it may be an edit that is to be repaired.
 */
export interface Calm {
  /** These moved. */
  moved(names: Iterable<string>): void;
  /** Milliseconds until what has moved since the last pass is to be looked at. */
  wait(): number;
  /** A pass begins, which sees all that has moved until now. */
  begin(): void;
  /** That pass has ended. `isIdle`: only what has moved was its reason, and it wrote nothing. */
  end(isIdle: boolean): void;
}

/** Milliseconds between two looks; doubled each time. */
const first = 1_000;
const longest = 60_000;
/** More names than that are made by something that makes new ones all the time. */
const mostNames = 1_000;

export function openCalm(): Calm {
  let idlePasses = 0;
  let until = 0;
  const familiar = new Set<string>();
  let fresh = new Set<string>();
  let looked = fresh;
  return {
    moved(names) {
      for (const name of names) if (fresh.size < mostNames && !familiar.has(name)) fresh.add(name);
    },
    wait: () => (idlePasses === 0 || (fresh.size > 0 && familiar.size < mostNames) ? 0 : Math.max(0, until - performance.now())),
    begin() {
      looked = fresh;
      fresh = new Set();
    },
    end(isIdle) {
      if (!isIdle) {
        idlePasses = 0;
        familiar.clear();
        return;
      }
      until = performance.now() + Math.min(longest, first * 2 ** idlePasses++);
      for (const name of looked) familiar.add(name);
    },
  };
}
