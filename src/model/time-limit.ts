import { Script } from 'node:vm';
import { monotonic } from './monotonic.ts';

/** Where the script finds its work: only a script has a limit, and a context of its own would take longer to make than most work. */
const place = Symbol.for('timmy-reconciler.work');
const shared = globalThis as { [place]?: () => void };
let script: Script | undefined;

/**
 * Runs work that people's input can make run for years (backtracking patterns, exploding schemas) and ends it after so many
 * milliseconds: the answer is then undefined. The work must leave nothing half-done behind. The only clock of the pure stages:
 * it decides whether hostile input is refused, never what is made of input that is accepted.
 */
export function runFor<T>(limit: number, work: () => T): { readonly value: T; readonly milliseconds: number } | undefined {
  script ??= new Script(`globalThis[Symbol.for('${place.description}')]()`);
  const results: T[] = [];
  const outer = shared[place];
  shared[place] = () => {
    results.push(work());
  };
  const started = monotonic();
  try {
    script.runInThisContext({ timeout: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  } finally {
    if (outer) shared[place] = outer;
    else delete shared[place];
  }
  return results.length === 0 ? undefined : { value: results[0] as T, milliseconds: monotonic() - started };
}
