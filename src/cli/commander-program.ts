import { Argument, Command, CommanderError, Option } from 'commander';
import { nearest } from '../model/nearest.ts';
import { ExitError } from '../model/exit-error.ts';
import type { CommandEntry } from './command-entry.ts';
import { commandGroups, commandTable } from './command-table.ts';
import type { Invocation } from './invocation.ts';
import { version } from '../model/version.ts';

/** Parses with commander and runs what was asked for. Help goes to standard output and exits 0. */
export async function runCommander(argv: readonly string[], signal: AbortSignal): Promise<number> {
  let exit = 0;
  const program = buildProgram(async (entry, invocation) => {
    const { run } = await entry.load();
    exit = await run({ ...invocation, signal });
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw usageError(error, commandOf(program, argv), argv);
  }
  return exit;
}

/** The whole command line as a commander tree; completion is generated from it too. */
export function buildProgram(act: (entry: CommandEntry, invocation: Omit<Invocation, 'signal'>) => Promise<void>): Command {
  const program = new Command('reconcile');
  // Errors are shown by main.ts, from the exception.
  program.exitOverride().configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  program.enablePositionalOptions().helpCommand(true).version(version);
  for (const entry of commandTable) {
    const [name, subName] = entry.name.split(' ');
    const command = entry.name === '' ? program : subName ? group(program, name!).command(subName) : program.command(name!);
    describe(command, entry);
    command.action(async (...given: unknown[]) => {
      const own = command.opts<Invocation['options']>();
      await act(entry, { arguments: texts(given.slice(0, -2).flat()), options: { ...optionsBefore(command), ...own } });
    });
  }
  return program;
}

function describe(command: Command, { summary, arguments: argument, argumentChoices, options, example }: CommandEntry): void {
  command.description(summary).allowExcessArguments(false);
  for (const [index, each] of (argument?.split(' ') ?? []).entries()) {
    command.addArgument(index === 0 && argumentChoices ? new Argument(each).choices(argumentChoices) : new Argument(each));
  }
  for (const { flags, summary: description, choices } of options) {
    command.addOption(choices ? new Option(flags, description).choices(choices) : new Option(flags, description));
  }
  command.addHelpText('after', `\nExample:\n  ${example[0]}\n      ${example[1]}`);
}

/** The command that holds `secret set` and the like. */
function group(program: Command, name: string): Command {
  const existing = program.commands.find((command) => command.name() === name);
  if (existing) return existing;
  const [command, effect] = commandTable.find((entry) => entry.name.startsWith(`${name} `))!.example;
  return program
    .command(name)
    .helpCommand(false)
    .description(commandGroups[name] ?? '')
    .addHelpText('after', `\nExample:\n  ${command}\n      ${effect}`);
}

/** `reconcile --host allegro validate`: options before the command count as the command's own, if it has them. */
function optionsBefore(command: Command): Record<string, string | boolean> {
  const inherited: Record<string, string | boolean> = {};
  for (let parent = command.parent; parent; parent = parent.parent) {
    for (const [name, value] of Object.entries(parent.opts<Record<string, string | boolean>>())) {
      const known = command.options.find((option) => option.attributeName() === name);
      const isAllowed = known && (!known.argChoices || known.argChoices.includes(String(value)));
      if (!isAllowed) throw new ExitError('usage', `--${name} does not fit the command ${command.name()}`, seeHelp(command));
      inherited[name] ??= value;
    }
  }
  return inherited;
}

const texts = (values: readonly unknown[]): readonly string[] => values.filter((value) => typeof value === 'string');

const seeHelp = (command: Command): string => `${fullName(command)} --help shows what there is`;

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

/** The command that the words name, as deep as they go. */
function commandOf(command: Command, words: readonly string[]): Command {
  const next = words.findIndex((word) => !word.startsWith('-'));
  const inner = command.commands.find((child) => child.name() === words[next]);
  return inner ? commandOf(inner, words.slice(next + 1)) : command;
}

function usageError(error: CommanderError, command: Command, argv: readonly string[]): Error {
  const [message, ...more] = error.message.replace(/^error: /, '').split('\n');
  const names = command.commands.map((inner) => inner.name());
  const isHelp = error.code === 'commander.help' && argv[0] === 'help';
  const word = isHelp ? argv[1] : command.args[0];
  if (names.length > 0 && (isHelp || error.code === 'commander.excessArguments') && word !== undefined) {
    const close = elsewhere(command, word) ?? nearest(word, names);
    return new ExitError('usage', `unknown command '${word}'`, close ? `did you mean ${close}?` : seeHelp(command));
  }
  if (error.code === 'commander.help') {
    return new ExitError('usage', `${command.name()} needs one of: ${names.join(', ')}`, seeHelp(command));
  }
  const [, option = ''] = /^unknown option '(.*)'$/.exec(message!) ?? [];
  const suggestion = elsewhere(command, option) ?? /\(Did you mean (.*)\?\)/i.exec(more.join(' '))?.[1];
  const ofProgram = option !== '' && fullName(command) === 'reconcile fleet run';
  const beside = ofProgram ? 'put -- before the program: reconcile fleet run -- PROGRAM OPTIONS' : seeHelp(command);
  const better = error.code === 'commander.unknownCommand' ? instead.get(`${fullName(command)} ${word}`) : undefined;
  return new ExitError('usage', message!, better ?? (suggestion ? `did you mean ${suggestion}?` : beside));
}

/** What other tools call what `reconcile` does without a command. */
const inOtherTools = new Map([
  ...['check', 'dry-run', '--dry-run', '--noop'].map((word) => [word, 'reconcile --check'] as const),
  ['diff', 'reconcile --check --diff'],
  ...['run', 'converge', 'sync'].map((word) => [word, 'reconcile'] as const),
  ['--limit', 'reconcile fleet check --limit'],
]);

const elsewhere = (command: Command, word: string): string | undefined =>
  command.parent === null ? inOtherTools.get(word) : undefined;

const showSecret = '`age -d -i KEYFILE desired-state/secrets/NAME.age` shows one to who has a key for it';
/** What to do where there is no such command, and the nearest one would do something else. */
const instead = new Map([
  ...['get', 'show', 'view'].map((word) => [`reconcile secret ${word}`, showSecret] as const),
  ['reconcile secret edit', '`reconcile secret set NAME` replaces the whole secret by its standard input'],
  ...['exec', 'shell', 'command'].map((word) => [`reconcile fleet ${word}`, 'reconcile fleet run -- PROGRAM'] as const),
]);
