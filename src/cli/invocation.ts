import { ExitError } from '../model/exit-error.ts';

/** What a command is called with, after parsing. */
export interface Invocation {
  readonly arguments: readonly string[];
  /** By long name in camel case; flags are true, options with a value are text. Absent: not given. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Aborted by SIGINT, SIGTERM, SIGQUIT, and SIGHUP, with which a session ends whose connection was lost. */
  readonly signal: AbortSignal;
}

/** What each file under `commands/` exports; the number is the exit code. */
export interface CommandModule {
  readonly run: (invocation: Invocation) => Promise<number>;
}

/** An option with a value, or undefined when it was not given. An empty value is a usage error: a variable was not set. */
export function textOption({ options }: Invocation, name: string): string | undefined {
  const value = options[name];
  if (value === '')
    throw new ExitError('usage', `--${name} needs a value, not an empty text`, 'is a variable of the shell not set?');
  return typeof value === 'string' ? value : undefined;
}
