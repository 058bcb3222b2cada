import { createContext, Script } from 'node:vm';

let sandbox: { run?: () => void } | undefined;
let script: Script | undefined;

/**
 * Runs work that people's input can make run for years (backtracking patterns, exploding schemas) and ends it after so many
 * milliseconds: the answer is then undefined. The work must leave nothing half-done behind. The only clock of the pure stages:
 * it decides whether hostile input is refused, never what is made of input that is accepted.
 */
export function runFor<T>(limit: number, work: () => T): { readonly value: T; readonly milliseconds: number } | undefined {
  sandbox ??= createContext(Object.create(null) as { run?: () => void });
  script ??= new Script('run()');
  const results: T[] = [];
  const outer = sandbox.run;
  sandbox.run = () => {
    results.push(work());
  };
  const started = performance.now();
  try {
    script.runInContext(sandbox, { timeout: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  } finally {
    if (outer) sandbox.run = outer;
  }
  return results.length === 0 ? undefined : { value: results[0] as T, milliseconds: performance.now() - started };
}
