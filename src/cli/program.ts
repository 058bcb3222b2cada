import { parseArgs } from 'node:util';
import type { OptionEntry } from './command-entry.ts';
import { commandTable } from './command-table.ts';
import { run as receive } from './commands/receive.ts';
import { run as converge } from './commands/reconcile.ts';
import type { Invocation } from './invocation.ts';

/** Commands that loading commander would cost more than they have time for. */
const hasty: Readonly<Record<string, typeof converge>> = { '': converge, receive };

/**
 * Runs the command line and gives the exit code; throws an `ExitError` for wrong usage. A plain run (no command word, known
 * options) and what a fleet of hosts is asked for are parsed here. Everything else, and everything that does not fit, goes to
 * commander, which knows the help and the right message.
 */
export async function runProgram(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const [first = ''] = argv;
  const name = Object.hasOwn(hasty, first) ? first : '';
  const options = parsePlain(name, name === '' ? argv : argv.slice(1));
  if (options) return hasty[name]!({ arguments: [], options, signal });
  const { runCommander } = await import('./commander-program.ts');
  return runCommander(argv, signal);
}

function parsePlain(command: string, argv: readonly string[]): Invocation['options'] | undefined {
  const entries = commandTable.find(({ name }) => name === command)!.options;
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
