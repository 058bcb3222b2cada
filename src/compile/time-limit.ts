import { createContext, Script } from 'node:vm';

const sandbox: { run?: () => void } = createContext(Object.create(null) as object);
const script = new Script('run()');

/**
 * Runs work that people's input can make run for years (backtracking patterns, exploding schemas) and ends it after so many
 * milliseconds: the answer is then undefined. The work must leave nothing half-done behind. The clock only decides
 * whether hostile input is refused, never what is made of input that is accepted.
 */
export function runFor<T>(milliseconds: number, work: () => T): { readonly value: T } | undefined {
  const results: { readonly value: T }[] = [];
  const outer = sandbox.run;
  sandbox.run = () => {
    results.push({ value: work() });
  };
  try {
    script.runInContext(sandbox, { timeout: milliseconds });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  } finally {
    if (outer) sandbox.run = outer;
  }
  return results[0];
}
