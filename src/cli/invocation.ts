/** What a command is called with, after parsing. */
export interface Invocation {
  readonly arguments: readonly string[];
  /** By long name in camel case; flags are true, options with a value are text. Absent: not given. */
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** What each file under `commands/` exports; the number is the exit code. */
export interface CommandModule {
  readonly run: (invocation: Invocation) => Promise<number>;
}

/** An option with a value, or undefined when it was not given. */
export function textOption({ options }: Invocation, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
