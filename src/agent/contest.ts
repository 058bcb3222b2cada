import { leftOf, readNow, termFrom, type Term } from '../host/term.ts';
import type { Memory } from '../model/reporter.ts';

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
  /** What is not to be repaired: repaired five times in ten minutes, and then for an hour, over restarts of the agent too. */
  contested(): readonly string[];
  /** Milliseconds until the first of them is to be repaired again; undefined where nothing is contested. */
  untilEnd(): number | undefined;
  /** Nobody fights over these any more. */
  forget(addresses: readonly string[]): void;
}

export function openContest(memory: Memory): Contest {
  const heals = new Map<string, readonly number[]>();
  const pauses = new Map(Object.entries((memory.get('pauses') ?? {}) as Readonly<Record<string, Term>>));
  const keep = (): void => memory.set('pauses', pauses.size > 0 ? Object.fromEntries(pauses) : undefined);
  const left = (): readonly (readonly [address: string, wait: number])[] => {
    if (pauses.size === 0) return [];
    const now = readNow();
    return [...pauses].map(([address, term]) => [address, leftOf(term, now)] as const).filter(([, wait]) => wait > 0);
  };
  return {
    healed(addresses) {
      const now = performance.now();
      const begun: string[] = [];
      for (const address of addresses) {
        const recent = [...(heals.get(address) ?? []), now].filter((at) => at > now - window);
        heals.set(address, recent);
        if (recent.length >= mostHeals) begun.push(address);
      }
      if (begun.length === 0) return;
      const standing = new Set(left().map(([address]) => address));
      for (const address of pauses.keys()) if (!standing.has(address)) pauses.delete(address);
      const term = termFrom(readNow(), pause);
      for (const address of begun) pauses.set(address, term);
      keep();
    },
    contested: () => left().map(([address]) => address),
    untilEnd: () =>
      left()
        .map(([, wait]) => wait)
        .sort((a, b) => a - b)[0],
    forget(addresses) {
      if (addresses.length === 0) return;
      for (const address of addresses) {
        heals.delete(address);
        pauses.delete(address);
      }
      keep();
    },
  };
}
