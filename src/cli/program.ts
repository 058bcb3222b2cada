import { parseArgs } from 'node:util';
import { commandTable, type OptionEntry } from './command-table.ts';
import { run } from './commands/reconcile.ts';
import type { Invocation } from './invocation.ts';

/**
 * Runs the command line and gives the exit code; throws `CliError` for wrong usage. A plain run (no command word, known
 * options) is parsed here: loading commander costs more than a converged run has time for. Everything else, and everything
 * that does not fit, goes to commander, which knows the help and the right message.
 */
export async function runProgram(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parsePlainRun(argv);
  if (options) {
    return run({ arguments: [], options, signal });
  }
  const { runCommander } = await import('./commander-program.ts');
  return runCommander(argv, signal);
}

function parsePlainRun(argv: readonly string[]): Invocation['options'] | undefined {
  const entries = commandTable[0]!.options;
  try {
    const { values } = parseArgs({ args: [...argv], options: Object.fromEntries(entries.map(parserOption)), strict: true });
    const fits = entries.every(({ flags, choices }) => {
      const value = values[longName(flags)];
      return value === undefined || !choices || choices.includes(String(value));
    });
    return fits ? values : undefined;
  } catch {
    return undefined;
  }
}

function parserOption({ flags }: OptionEntry): [string, { type: 'string' | 'boolean'; short?: string }] {
  const short = /^-(\w),/.exec(flags)?.[1];
  return [longName(flags), { type: flags.includes('<') ? 'string' : 'boolean', ...(short ? { short } : {}) }];
}

/** `output` of `-o, --output <format>`. */
const longName = (flags: string): string => /--([\w-]+)/.exec(flags)![1]!;
