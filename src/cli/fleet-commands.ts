import type { CommandEntry, OptionEntry } from './command-entry.ts';
import { output, root, source, tags } from './common-options.ts';

const limit: OptionEntry = {
  flags: '--limit <pattern>',
  summary: 'which hosts, as an Ansible host pattern; @FILE has one pattern per line (default: all)',
  names: 'pattern',
};
const forks: OptionEntry = { flags: '--forks <count>', summary: 'hosts at the same time (default 50)' };
const timeout: OptionEntry = {
  flags: '--timeout <time>',
  summary: 'how long one host may take, tries included (default 10m; a host that is silent is given up after 30s)',
};
const retry: OptionEntry = { flags: '--retry-failed', summary: 'only the hosts that push, apply and bootstrap have left undone' };
const sshConfig: OptionEntry = { flags: '--ssh-config <file>', summary: 'SSH configuration to use in place of ~/.ssh/config' };
const everywhere = [limit, forks, timeout, source, sshConfig, output('text', 'json', 'ndjson')];

/** `reconcile fleet ...` and what the hosts need for it: rows of the command table. */
export const fleetCommands: readonly CommandEntry[] = [
  {
    name: 'fleet check',
    summary: 'Show what the repository, as it stands here, would change on every host.',
    options: [
      { flags: '--diff', summary: 'show the diffs in full' },
      { flags: '--out <file>', summary: 'keep the plans for `fleet apply`' },
      tags,
      retry,
      ...everywhere,
    ],
    example: ['reconcile fleet check --limit wizards', 'shows each plan once, with the hosts that have it'],
    load: () => import('./commands/fleet-check.ts'),
  },
  {
    name: 'fleet push',
    summary: 'Send the commit that is checked out to every host, and converge there, wave by wave.',
    options: [tags, retry, ...everywhere],
    example: ['reconcile fleet push --limit "wizards:!timmy"', 'converges these hosts, also those that no Git server can reach'],
    load: () => import('./commands/fleet-push.ts'),
  },
  {
    name: 'fleet apply',
    arguments: '<file>',
    summary: 'Do exactly what `fleet check --out` showed, wave by wave; a host that has moved since refuses.',
    options: [retry, ...everywhere],
    example: ['reconcile fleet apply plan.json', 'applies the reviewed plans, on each host its own'],
    load: () => import('./commands/fleet-apply.ts'),
  },
  {
    name: 'fleet status',
    summary: 'Show where every host stands: its revision, when that was last verified, drift, health, trouble, and its agent.',
    options: [retry, ...everywhere],
    example: ['reconcile fleet status', 'lists the hosts, those in trouble first'],
    load: () => import('./commands/fleet-status.ts'),
  },
  {
    name: 'fleet rollout',
    arguments: '<word>',
    argumentChoices: ['status', 'pause', 'resume', 'abort'],
    summary: 'Show how far a push or apply in waves is, or have it wait, go on or end, from another terminal.',
    options: [source, output('text', 'json')],
    example: ['reconcile fleet rollout pause', 'lets hosts at work finish, and begins no further one until `resume`'],
    load: () => import('./commands/fleet-rollout.ts'),
  },
  {
    name: 'fleet run',
    arguments: '<program...>',
    summary: 'Run a program on every host, as root with ansible_become; equal outputs are shown once.',
    options: everywhere,
    example: ['reconcile fleet run --limit vps -- uptime --pretty', 'runs it without a shell of its own'],
    load: () => import('./commands/fleet-run.ts'),
  },
  {
    name: 'fleet bootstrap',
    summary:
      'Bring the agent to bare machines with SSH and nothing else, or bring it up to date; show the first plan before it is applied.',
    options: [
      { flags: '--policy <file>', summary: 'the host policy, for all of them; each gets its own name into it' },
      {
        flags: '--files <dir>',
        summary: 'what goes below /etc/timmy-reconciler: all/ for every host, HOST/ for one; secrets must be 0600',
      },
      { flags: '--node <file>', summary: 'a Node 24 for Linux, for machines of another kind than this one' },
      { flags: '--diff', summary: 'show the diffs of the first plan in full' },
      { flags: '--yes', summary: 'do not ask' },
      { flags: '--remove', summary: 'take the agent off again; what the configuration put there stays' },
      { flags: '--keep-state', summary: 'with --remove: leave the history and the host policy for the next time' },
      retry,
      ...everywhere,
    ],
    example: [
      'reconcile fleet bootstrap --limit bezalel',
      'installs the agent, shows what it would change, asks, applies, starts it',
    ],
    load: () => import('./commands/fleet-bootstrap.ts'),
  },
  {
    name: 'fleet trust',
    arguments: '<pattern>',
    argumentNames: 'pattern',
    summary: 'Show the SSH keys of hosts that are not known yet and, after a yes, add them to ~/.ssh/known_hosts.',
    options: [
      { flags: '--replace', summary: 'take a key although another one is known, which is removed' },
      { flags: '--yes', summary: 'do not ask; for keys that were compared already' },
      source,
      sshConfig,
    ],
    example: ['reconcile fleet trust bezalel', 'shows the fingerprint of its key, asks, and enrols it'],
    load: () => import('./commands/fleet-trust.ts'),
  },
  {
    name: 'receive',
    summary: 'Take a revision from `reconcile fleet`: reads it from standard input.',
    options: [root],
    example: ['reconcile receive < /dev/null', 'says as JSON what this host is and has; without an order it exits 64'],
    load: () => import('./commands/receive.ts'),
  },
];
