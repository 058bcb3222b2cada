import { nameKinds, type CommandEntry, type OptionEntry } from './command-entry.ts';
import { output, root, source, tags } from './common-options.ts';
import { deadmanCommands } from './deadman-commands.ts';
import { fleetCommands } from './fleet-commands.ts';

const host: OptionEntry = {
  flags: '--host <name>',
  summary: 'the host, by its name in the inventory (default: this machine)',
  names: 'host',
};
const anySource: OptionEntry = {
  flags: '--source <place>',
  summary:
    'the repository, as a directory or URL (default: the one around the current directory, else the remote of the host policy)',
};
const paranoid: OptionEntry = { flags: '--paranoid', summary: 'read every managed file instead of trusting its metadata' };
const diff: OptionEntry = { flags: '--diff', summary: 'show the diffs in full; of long new files the beginning' };

/** Summaries of the first words of two-word commands. */
export const commandGroups: Readonly<Record<string, string>> = {
  deadman: 'Watch an agent of this host (kind: deadman).',
  fleet: 'Work on many hosts of the inventory at once, over SSH.',
  secret: 'Manage the age-encrypted secrets.',
  trust: 'Say which revisions this host may apply.',
};

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
      anySource,
      paranoid,
      output('text', 'json', 'ndjson'),
    ],
    example: ['reconcile --check --diff', 'shows what would change on this machine, and writes nothing'],
    load: () => import('./commands/reconcile.ts'),
  },
  {
    name: 'validate',
    summary: 'Check every document of the repository, for every host.',
    options: [
      { ...host, summary: 'compile only this one (default: every host of the inventory)' },
      source,
      output('text', 'json'),
    ],
    example: ['reconcile validate', 'lists every problem as file:line:column, exit 65 when there is one'],
    load: () => import('./commands/validate.ts'),
  },
  {
    name: 'plan',
    summary: 'Write down what a run would do, for `apply`.',
    options: [{ flags: '-o, --out <file>', summary: 'the file to write the plan to' }, diff, tags, host, root, anySource],
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
    argumentNames: 'address',
    summary: 'Tell where a resource or a path comes from and why it changed.',
    options: [host, root, anySource, output('text', 'json')],
    example: ['reconcile explain /etc/motd', 'shows value, role, file:line, variables, commit and last runs'],
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'agent',
    summary: 'Follow the repository: converge on every push, heal local edits, report.',
    options: [
      host,
      root,
      { flags: '--source <path>', summary: 'a directory to follow (default: the remote of the host policy)' },
    ],
    example: ['reconcile agent --source ~/timmy-config', 'follows a directory as it is edited, until it is stopped'],
    load: () => import('./commands/agent.ts'),
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
    argumentNames: 'run',
    summary: 'Show the report of one run; an unambiguous beginning of its id is enough.',
    options: [root, diff, output('text', 'json')],
    example: ['reconcile show latest', 'shows the report of the last run'],
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'digest',
    summary: 'Sum up the runs of the last day: failures, changes, drift.',
    options: [root, { flags: '--since <duration>', summary: 'how far back (default 24h)' }, output('text', 'json')],
    example: ['reconcile digest --since 12h', 'tells what happened overnight'],
    load: () => import('./commands/digest.ts'),
  },
  {
    name: 'rollback',
    arguments: '[run]',
    argumentNames: 'applied-run',
    summary: 'Take back what a run changed (default: the last run that changed something).',
    options: [
      { flags: '--check', summary: 'show what would be taken back; write nothing' },
      { flags: '--revision <commit>', summary: 'take nothing back where another one was applied since' },
      root,
      output('text', 'json', 'ndjson'),
    ],
    example: ['reconcile rollback --check', 'shows what the same without --check takes back'],
    load: () => import('./commands/rollback.ts'),
  },
  {
    name: 'confirm',
    arguments: '[run]',
    argumentNames: 'unconfirmed-run',
    summary: 'Keep a change that could have cut this host off; without it, or the remote, it is taken back.',
    options: [{ flags: '--expire', summary: 'take it back if its time is over; the timer of such a change does this' }],
    example: ['reconcile confirm', 'over a new connection, says that this host can still be reached'],
    load: () => import('./commands/confirm.ts'),
  },
  {
    name: 'release',
    summary: 'Let revisions that failed here, or were taken back, be tried again.',
    options: [root],
    example: ['reconcile release', 'ends the quarantine of every revision on this host'],
    load: () => import('./commands/release.ts'),
  },
  {
    name: 'trust reset',
    summary: 'Let revisions on top of a commit be applied, after history was rewritten.',
    options: [{ flags: '--to <commit>', summary: 'the full id of the commit' }, root],
    example: [
      'reconcile trust reset --to 4b825dc642cb6eb9a060e54bf8d69288fbee4904',
      'trusts this commit and what comes on top of it',
    ],
    load: () => import('./commands/trust-reset.ts'),
  },
  {
    name: 'status',
    summary: 'Show what the agent on this host does and knows.',
    options: [root, output('text', 'json')],
    example: ['reconcile status', 'shows revision, last run, next pass, and what needs somebody to look'],
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'now',
    summary: 'Have the agent look again at once.',
    options: [
      { flags: '--wait', summary: 'wait for the end of the run; its exit code is the one of this command' },
      root,
      output('text', 'json'),
    ],
    example: ['reconcile now', 'looks for a new revision without waiting for the next poll'],
    load: () => import('./commands/now.ts'),
  },
  {
    name: 'suspend',
    summary: 'Leave this host alone for a while: runs change nothing until it ends.',
    options: [
      { flags: '--for <time>', summary: 'for how long: 30m, 2h, 7d' },
      { flags: '--reason <text>', summary: 'why; shown in every report' },
      root,
    ],
    example: [
      'reconcile suspend --for 2h --reason "disk is being replaced"',
      'keeps changes away until then or `reconcile resume`',
    ],
    load: () => import('./commands/suspend.ts'),
  },
  {
    name: 'resume',
    summary: 'End a suspension.',
    options: [root],
    example: ['reconcile resume', 'lets runs change this host again'],
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'approve',
    arguments: '<run>',
    argumentNames: 'refused-run',
    summary: 'Let the plan through that waits for approval.',
    options: [root],
    example: ['reconcile approve 20261120T120000Z-001a2b', 'applies what `reconcile status` shows as waiting'],
    load: () => import('./commands/approve.ts'),
  },
  {
    name: 'inventory',
    arguments: '[pattern]',
    argumentNames: 'pattern',
    summary: 'Show hosts, groups and variables as ansible-inventory does.',
    options: [
      { flags: '--list', summary: 'all hosts, groups and variables as JSON' },
      { flags: '--host <name>', summary: 'the variables of one host as JSON', names: 'host' },
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
    arguments: '<shell> [word...]',
    argumentChoices: ['bash', 'zsh', 'fish'],
    summary: 'Print the completion script of a shell.',
    options: [
      {
        flags: '--names <kind>',
        summary: 'print what the last of the words can become instead; the script asks for this',
        choices: nameKinds,
      },
    ],
    example: ['source <(reconcile completion bash)', 'completes commands, options and names in this shell'],
    load: () => import('./commands/completion.ts'),
  },
  ...deadmanCommands,
  ...fleetCommands,
  {
    name: 'install',
    summary: 'Install this program as a systemd service that runs the agent.',
    options: [
      { flags: '--user', summary: 'for this account alone, without root' },
      { flags: '--print', summary: 'show the files and the unit; write nothing' },
      { flags: '--stage', summary: 'put everything in its place; enable, start and restart nothing' },
      root,
    ],
    example: ['reconcile install --print', 'shows what would be installed, and the unit'],
    load: () => import('./commands/install.ts'),
  },
  {
    name: 'doctor',
    summary: 'Check what a run needs on this machine, with a fix for each finding.',
    options: [host, root, source, output('text', 'json')],
    example: ['reconcile doctor', 'exits 1 when something is missing'],
    load: () => import('./commands/doctor.ts'),
  },
];
