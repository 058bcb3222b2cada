import { buildProgram } from '../commander-program.ts';
import type { NameKind } from '../command-entry.ts';
import { completeWord } from '../complete-word.ts';
import { completionScript, type Shell } from '../completion-script.ts';
import { textOption, type Invocation } from '../invocation.ts';

/** Prints the completion script of a shell, or what the script asks for. */
export async function run(invocation: Invocation): Promise<number> {
  const [shell, ...words] = invocation.arguments;
  const kind = textOption(invocation, 'names');
  if (kind !== undefined) return printNames(shell as Shell, kind as NameKind, words, invocation);
  const program = buildProgram(() => Promise.resolve());
  process.stdout.write(completionScript(program, shell as Shell));
  return 0;
}

/** One on each line, for zsh and fish with what is known of it. Somebody is typing: where nothing can be found out, nothing is said. */
function printNames(shell: Shell, kind: NameKind, words: readonly string[], invocation: Invocation): number {
  try {
    const names = completeWord(kind, words, invocation);
    const lines = names.map(({ name, about }) => (shell === 'bash' || about === undefined ? name : `${name}\t${about}`));
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
    return 0;
  } catch {
    return 1;
  }
}
