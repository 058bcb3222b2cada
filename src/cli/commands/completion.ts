import type { Invocation } from '../invocation.ts';
import { buildProgram } from '../commander-program.ts';
import { completionScript, type Shell } from '../completion-script.ts';

/** Prints the completion script of a shell. */
export async function run({ arguments: [shell] }: Invocation): Promise<number> {
  const program = buildProgram(() => Promise.resolve());
  process.stdout.write(completionScript(program, shell as Shell));
  return 0;
}
