import type { CommandEntry, OptionEntry } from './command-entry.ts';
import { output } from './common-options.ts';

const settings: OptionEntry = {
  flags: '--settings <file>',
  summary: 'the settings of the watchdog (default: AGENT.json in /etc/reconcile-deadman, or below ~/.config without root)',
};

/** `reconcile deadman ...`: rows of the command table. */
export const deadmanCommands: readonly CommandEntry[] = [
  {
    name: 'deadman check',
    arguments: '[agent]',
    summary: 'Look at an agent once, as cron does: restart it, roll it back or raise the alarm when that is due.',
    options: [settings, { flags: '--quiet', summary: 'write only what was done' }],
    example: ['reconcile deadman check ezra', 'one check; exit 5 while a run converges the host or it is suspended'],
    load: () => import('./commands/deadman-check.ts'),
  },
  {
    name: 'deadman status',
    arguments: '[agent]',
    summary: 'Show what the watchdog of an agent knows and has tried.',
    options: [settings, output('text', 'json')],
    example: ['reconcile deadman status ezra', 'exit 1 when the agent is dead, given up, or watched by nobody'],
    load: () => import('./commands/deadman-status.ts'),
  },
  {
    name: 'deadman reset',
    arguments: '[agent]',
    summary: 'Let the watchdog begin anew after it has given an agent up.',
    options: [settings],
    example: ['reconcile deadman reset ezra', 'clears deadman_active and the count of restarts'],
    load: () => import('./commands/deadman-reset.ts'),
  },
  {
    name: 'deadman beat',
    arguments: '[agent]',
    summary: 'Stamp the heartbeat of an agent; for the agent itself and for its jobs.',
    options: [settings],
    example: ['reconcile deadman beat ezra', 'tells the watchdog that ezra lives'],
    load: () => import('./commands/deadman-beat.ts'),
  },
];
