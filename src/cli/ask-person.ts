import { createInterface } from 'node:readline/promises';

/** Asks on the terminal; only `y` and `yes` are a yes. Undefined where there is nobody to ask, or the question was broken off. */
export async function askPerson(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  const { stdin: input, stderr: output } = process;
  if (!input.isTTY || !output.isTTY) return undefined;
  const terminal = createInterface({ input, output });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (signal.aborted || (error as Error).name === 'AbortError') return undefined;
    throw error;
  } finally {
    terminal.close();
  }
}
