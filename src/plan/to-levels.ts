/** `edges[n]` lists the numbers that come after `n`. Repeated ones do no harm. */
type Edges = readonly (readonly number[])[];

interface Levels {
  /** Numbers of one level do not depend on each other; ascending. Whatever waits for a circle is in none. */
  readonly levels: readonly (readonly number[])[];
  /** Firm edges that lead back to where they began: `[1, 2]` says that 1 comes before 2 and 2 before 1. */
  readonly circles: readonly (readonly number[])[];
}

/**
 * Sorts numbers into levels, in time linear in the edges. `implied` edges are wishes: those inside a circle yield, so that only
 * `firm` ones can make a circle that is told.
 */
export function toLevels(firm: Edges, implied: Edges): Levels {
  const all = firm.map((followers, number) => [...followers, ...implied[number]!]);
  const { levels, isWaiting } = settle(all);
  if (!isWaiting.includes(true)) return { levels, circles: [] };
  // On a circle, or between two: waiting whichever end one begins at.
  const isFirstOfNone = settle(reversed(all)).isWaiting;
  const isCircular = isWaiting.map((is, number) => is && isFirstOfNone[number]!);
  const eased = firm.map((followers, number) => [
    ...followers,
    ...implied[number]!.filter((follower) => !isCircular[number] || !isCircular[follower]),
  ]);
  const again = settle(eased);
  return { levels: again.levels, circles: findCircles(eased, again.isWaiting) };
}

/** Kahn's algorithm by levels. */
function settle(edges: Edges): { readonly levels: number[][]; readonly isWaiting: boolean[] } {
  const waitsFor = new Int32Array(edges.length);
  for (const followers of edges) for (const follower of followers) waitsFor[follower]!++;
  const isWaiting = edges.map(() => true);
  const levels: number[][] = [];
  let level = [...edges.keys()].filter((number) => waitsFor[number] === 0);
  while (level.length > 0) {
    levels.push(level);
    const next: number[] = [];
    for (const number of level) {
      isWaiting[number] = false;
      for (const follower of edges[number]!) if (--waitsFor[follower]! === 0) next.push(follower);
    }
    level = next.sort((a, b) => a - b);
  }
  return { levels, isWaiting };
}

function reversed(edges: Edges): number[][] {
  const back: number[][] = edges.map(() => []);
  for (const [number, followers] of edges.entries()) for (const follower of followers) back[follower]!.push(number);
  return back;
}

/** Walks back from everything that waits, each number once; whoever is met twice on one walk closes a circle. */
function findCircles(edges: Edges, isWaiting: readonly boolean[]): number[][] {
  const back = reversed(edges);
  const walkOf = new Map<number, number>();
  const circles: number[][] = [];
  for (const start of edges.keys()) {
    const path: number[] = [];
    let current = isWaiting[start] && !walkOf.has(start) ? start : undefined;
    while (current !== undefined && !walkOf.has(current)) {
      walkOf.set(current, start);
      path.push(current);
      current = back[current]!.find((first) => isWaiting[first] && (walkOf.get(first) ?? start) === start);
    }
    if (current !== undefined) circles.push([current, ...path.slice(path.indexOf(current) + 1).toReversed()]);
  }
  return circles;
}
