import type { CommandModule } from './invocation.ts';

export interface OptionEntry {
  /** As shown in the help: `--host <name>`, `-o, --output <format>`. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
}

export interface CommandEntry {
  /** One word, or two where the first is a group: `secret set`. Empty: the program itself. */
  readonly name: string;
  /** `<FILE>`, `[run]`. */
  readonly arguments?: string;
  readonly argumentChoices?: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionEntry[];
  /** A command line that works, and what it does. */
  readonly example: readonly [command: string, effect: string];
  readonly load: () => Promise<CommandModule>;
}

const host: OptionEntry = { flags: '--host <name>', summary: 'the host, by its name in the inventory (default: this machine)' };
const root: OptionEntry = {
  flags: '--root <dir>',
  summary: 'a directory to treat as /, for trying and for images',
};
const source: OptionEntry = {
  flags: '--source <path>',
  summary: 'the configuration repository (default: the one around the current directory)',
};
const tags: OptionEntry = { flags: '--tags <tags>', summary: 'only resources with one of these tags, separated by commas' };
const paranoid: OptionEntry = { flags: '--paranoid', summary: 'read every managed file instead of trusting its metadata' };
const diff: OptionEntry = { flags: '--diff', summary: 'show the diffs in full; of long new files the beginning' };
const output = (...choices: readonly string[]): OptionEntry => ({
  flags: '-o, --output <format>',
  summary: 'the form of the output',
  choices,
});

/** Summaries of the first words of two-word commands. */
export const commandGroups: Readonly<Record<string, string>> = { secret: 'Manage the age-encrypted secrets.' };

/** Every command. Help, completion, the fast path and the reference in README.md are made from this table. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: '',
    summary: 'Converge this host to its configuration repository.',
    options: [
      { flags: '--check', summary: 'show what would change and why; write nothing' },
      diff,
      tags,
      host,
      root,
      source,
      paranoid,
      output('text', 'json', 'ndjson'),
    ],
    example: ['reconcile --check --diff', 'shows what would change on this machine, and writes nothing'],
    load: () => import('./commands/reconcile.ts'),
  },
  {
    name: 'validate',
    summary: 'Check every document of the repository, for every host.',
    options: [host, source, output('text', 'json')],
    example: ['reconcile validate', 'lists every problem as file:line:column, exit 65 when there is one'],
    load: () => import('./commands/validate.ts'),
  },
  {
    name: 'plan',
    summary: 'Write down what a run would do, for `apply`.',
    options: [{ flags: '-o, --out <file>', summary: 'the file to write the plan to' }, diff, tags, host, root, source],
    example: ['reconcile plan -o plan.json', 'saves the plan of this host for review'],
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'apply',
    arguments: '<file>',
    summary: 'Do exactly what a plan says; refuse if the host or the revision has moved.',
    options: [output('text', 'json', 'ndjson')],
    example: ['reconcile apply plan.json', 'applies the reviewed plan, or exits 7 when it is stale'],
    load: () => import('./commands/apply.ts'),
  },
  {
    name: 'explain',
    arguments: '<resource>',
    summary: 'Tell where a resource or a path comes from and why it changed.',
    options: [host, root, source, output('text', 'json')],
    example: ['reconcile explain /etc/motd', 'shows value, role, file:line, variables, commit and last runs'],
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'history',
    summary: 'List the runs on this host, newest first.',
    options: [root, { flags: '--limit <count>', summary: 'how many runs (default 20)' }, output('text', 'json', 'ndjson')],
    example: ['reconcile history --limit 5', 'lists the last five runs'],
    load: () => import('./commands/history.ts'),
  },
  {
    name: 'show',
    arguments: '<run>',
    summary: 'Show the report of one run; an unambiguous beginning of its id is enough.',
    options: [root, diff, output('text', 'json')],
    example: ['reconcile show latest', 'shows the report of the last run'],
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'rollback',
    arguments: '[run]',
    summary: 'Take back what a run changed (default: the last run that changed something).',
    options: [root, output('text', 'json', 'ndjson')],
    example: ['reconcile rollback', 'restores what the last changing run replaced'],
    load: () => import('./commands/rollback.ts'),
  },
  {
    name: 'release',
    summary: 'Let revisions that failed here, or were taken back, be tried again.',
    options: [root],
    example: ['reconcile release', 'ends the quarantine of every revision on this host'],
    load: () => import('./commands/release.ts'),
  },
  {
    name: 'inventory',
    arguments: '[pattern]',
    summary: 'Show hosts, groups and variables as ansible-inventory does.',
    options: [
      { flags: '--list', summary: 'all hosts, groups and variables as JSON' },
      { flags: '--host <name>', summary: 'the variables of one host as JSON' },
      { flags: '--graph', summary: 'groups and hosts as a tree' },
      source,
    ],
    example: ['reconcile inventory --graph wizards', 'shows the group as a tree'],
    load: () => import('./commands/inventory.ts'),
  },
  {
    name: 'adopt',
    arguments: '<path>',
    summary: "Write a managed file's live content back into its source in the working tree.",
    options: [host, root, source],
    example: ['reconcile adopt /etc/motd', 'keeps the local edit by moving it into the repository'],
    load: () => import('./commands/adopt.ts'),
  },
  {
    name: 'secret set',
    arguments: '<name>',
    summary: 'Encrypt standard input to the recipients as desired-state/secrets/NAME.age.',
    options: [source],
    example: ['reconcile secret set telegram_token < token.txt', 'replaces the secret without showing it'],
    load: () => import('./commands/secret-set.ts'),
  },
  {
    name: 'secret show-recipients',
    summary: 'List who can decrypt the secrets.',
    options: [source],
    example: ['reconcile secret show-recipients', 'prints one age recipient per line'],
    load: () => import('./commands/secret-show-recipients.ts'),
  },
  {
    name: 'secret rekey',
    summary: 'Encrypt every secret again to the present recipients.',
    options: [source],
    example: ['reconcile secret rekey', 'after a recipient was added or removed'],
    load: () => import('./commands/secret-rekey.ts'),
  },
  {
    name: 'schema',
    arguments: '[name]',
    summary: 'Print the JSON Schema of a document or kind; without a name, list them.',
    options: [],
    example: ['reconcile schema role', 'prints the schema of role.yaml'],
    load: () => import('./commands/schema.ts'),
  },
  {
    name: 'completion',
    arguments: '<shell>',
    argumentChoices: ['bash', 'zsh', 'fish'],
    summary: 'Print the completion script of a shell.',
    options: [],
    example: ['source <(reconcile completion bash)', 'completes commands and options in this shell'],
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'doctor',
    summary: 'Check what a run needs on this machine, with a fix for each finding.',
    options: [host, root, source, output('text', 'json')],
    example: ['reconcile doctor', 'exits 1 when something is missing'],
    load: () => import('./commands/doctor.ts'),
  },
];
