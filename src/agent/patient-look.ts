import type { Look } from '../model/follower.ts';

/** Milliseconds after which a look is late. A remote that hangs takes minutes. */
const patience = 2_000;

interface Meanwhile {
  /** What can be done beside the look, taken from wherever it waits. */
  beside(): (() => Promise<void>) | undefined;
  /** What needs the mirror that the look holds, in turn: a look that is late is ended for it, and begun anew. */
  readonly instead: (() => Promise<void>)[];
  /** The look is late. Resolves `woken`. */
  late(): void;
  /** Resolves when one of the two may have become more, or something else is to be seen to. */
  woken(): Promise<void>;
}

/** The answer of a look that nobody who waits on this host has to wait for. Rejects as the look does. */
export async function lookPatiently(begin: (signal: AbortSignal) => Promise<Look>, meanwhile: Meanwhile): Promise<Look> {
  const { instead, woken } = meanwhile;
  for (;;) {
    const cut = new AbortController();
    const looking = begin(cut.signal);
    let isOver = false;
    let isLate = false;
    const over = looking.then(noop, noop).then(() => (isOver = true));
    const timer = setTimeout(() => {
      isLate = true;
      meanwhile.late();
    }, patience);
    while (!isOver) {
      const work = meanwhile.beside();
      if (work) await work();
      else if (isLate && instead.length > 0) {
        cut.abort();
        await over;
      } else await Promise.race([over, woken()]);
    }
    clearTimeout(timer);
    // It may have found its answer all the same.
    const found = cut.signal.aborted ? await looking.catch(noop) : await looking;
    if (found) return found;
    for (let act = instead.shift(); act; act = instead.shift()) await act();
  }
}

const noop = (): undefined => undefined;
