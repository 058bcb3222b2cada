import { sha256 } from '../model/json.ts';

/** What the timer has to know. Paths are absolute. */
export interface TimerPlace {
  readonly stateDirectory: string;
  /** Node, and the program that it is to run. */
  readonly node: string;
  readonly program: string;
  /** Where the host policy is, if not where it usually is. */
  readonly hostPolicy: string | undefined;
}

/** One for each state directory: two programs of one host do not take each other's timer away. */
export const timerName = (stateDirectory: string): string => `timmy-reconciler-confirm-${sha256(stateDirectory).slice(0, 8)}`;

/**
 * Goes off when the term is over. After a boot it also does so at once, because the term may have ended while the host was
 * down; and every minute, whatever the clocks say. `within` in milliseconds.
 */
export const makeTimer = (name: string, within: number): string => `# Written by timmy-reconciler; it goes with the confirmation.
[Unit]
Description=Time for the confirmation of a change that could have cut this host off

[Timer]
OnActiveSec=${Math.ceil(within / 1000)}s
OnBootSec=0
OnUnitInactiveSec=60s
AccuracySec=100ms
Unit=${name}.service

[Install]
WantedBy=timers.target
`;

/** What the timer starts. It is tried again when it fails. */
export const makeTimerService = ({
  stateDirectory,
  node,
  program,
  hostPolicy,
}: TimerPlace): string => `# Written by timmy-reconciler; it goes with the confirmation.
[Unit]
Description=Takes back a change that nobody has confirmed
StartLimitIntervalSec=0

[Service]
Type=oneshot
Environment=${quote(`RECONCILE_STATE_DIR=${stateDirectory}`)}
${hostPolicy === undefined ? '' : `Environment=${quote(`RECONCILE_HOST_POLICY=${hostPolicy}`)}\n`}\
ExecStart=${commandWord(node)} --disable-proto=delete ${commandWord(program)} confirm --expire
Restart=on-failure
RestartSec=10
UMask=0077
`;

const escaped = (text: string): string => {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  if (/[\x00-\x1f\x7f]/.test(text)) throw new Error(`${JSON.stringify(text)} cannot stand in a unit: it has control characters`);
  return text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%');
};

const quote = (text: string): string => `"${escaped(text)}"`;
/** In a command line, unlike in `Environment=`, a dollar sign is one too. */
const commandWord = (text: string): string => `"${escaped(text).replaceAll('$', '$$$$')}"`;
