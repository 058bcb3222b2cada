import { Script } from 'node:vm';
import { processorTime } from './monotonic.ts';

/** Where the script finds its work: only a script has a limit, and a context of its own would take longer to make than most work. */
const place = Symbol.for('timmy-reconciler.work');
const shared = globalThis as { [place]?: () => void };
let script: Script | undefined;

/** How often the limit it may have to wait for the processor, before it is given up all the same. */
const longestPatience = 16;

/**
 * Runs work that people's input can make run for years (backtracking patterns, exploding schemas) and ends it after so many
 * milliseconds: the answer is then undefined. What counts is the time of the processor that this thread had, which is also what is
 * told: on a host that is busy with other things the work is begun again, with more patience. So it must give the same each time,
 * and leave nothing half-done behind. The only clock of the pure stages: it decides whether hostile input is refused, never what is
 * made of input that is accepted.
 */
export function runFor<T>(limit: number, work: () => T): { readonly value: T; readonly milliseconds: number } | undefined {
  for (let patience = limit; ; patience *= 2) {
    const before = processorTime();
    const done = tryFor(patience, work);
    const milliseconds = processorTime() - before;
    if (done) return { ...done, milliseconds };
    if (milliseconds > limit / 2 || patience >= limit * longestPatience) return undefined;
  }
}

/** What is left of the milliseconds that many pieces of work may take together: hostile input has as many as it likes. */
export interface TimeBudget {
  left: number;
}

/** The same for one of them. */
export function runWithin<T>(budget: TimeBudget, limit: number, work: () => T): { readonly value: T } | undefined {
  if (budget.left <= 0) return undefined;
  const done = runFor(limit, work);
  budget.left -= done?.milliseconds ?? limit;
  return done;
}

/** For one that ends by itself, soon enough if it were the only one: a watchdog takes longer than most of them. */
export function countWithin<T>(budget: TimeBudget, work: () => T): { readonly value: T } | undefined {
  if (budget.left <= 0) return undefined;
  const before = processorTime();
  const value = work();
  budget.left -= processorTime() - before;
  return { value };
}

/** The limit that the runtime has is one of the wall's clock. */
function tryFor<T>(limit: number, work: () => T): { readonly value: T } | undefined {
  script ??= new Script(`globalThis[Symbol.for('${place.description}')]()`);
  const results: T[] = [];
  const outer = shared[place];
  shared[place] = () => {
    results.push(work());
  };
  try {
    script.runInThisContext({ timeout: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  } finally {
    if (outer) shared[place] = outer;
    else delete shared[place];
  }
  return results.length === 0 ? undefined : { value: results[0] as T };
}
