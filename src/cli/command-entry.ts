import type { CommandModule } from './invocation.ts';

/** Names that completion looks up: a host, a pattern of hosts, and so on. Runs are listed as far as the command can use them. */
export const nameKinds = ['host', 'pattern', 'tags', 'address', 'run', 'applied-run', 'refused-run', 'unconfirmed-run'] as const;
export type NameKind = (typeof nameKinds)[number];

export interface OptionEntry {
  /** As shown in the help: `--host <name>`, `-o, --output <format>`. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  readonly names?: NameKind;
}

export interface CommandEntry {
  /** One word, or two where the first is a group: `secret set`. Empty: the program itself. */
  readonly name: string;
  /** `<FILE>`, `[run]`; the choices and names are those of the first. */
  readonly arguments?: string;
  readonly argumentChoices?: readonly string[];
  readonly argumentNames?: NameKind;
  readonly summary: string;
  readonly options: readonly OptionEntry[];
  /** A command line that works, and what it does. */
  readonly example: readonly [command: string, effect: string];
  readonly load: () => Promise<CommandModule>;
}
