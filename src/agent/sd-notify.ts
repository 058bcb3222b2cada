import { runCommand } from '../host/run-command.ts';
import { printableLine } from '../report/printable.ts';

/** What the service manager is told. Nothing rejects: without an answer systemd acts by itself, after the times of the unit. */
interface SdNotify {
  /** The agent is up. */
  ready(): Promise<void>;
  /** The agent is alive; due at least every `watchdogInterval`. */
  watchdog(): Promise<void>;
  /** One line for `systemctl status`. Told with the next sign of life where one is due: each telling is a process. */
  status(text: string): Promise<void>;
  stopping(): Promise<void>;
  /** Milliseconds between two signs of life; undefined when nobody waits for them. */
  readonly watchdogInterval: number | undefined;
}

const longestStatus = 200;
const timeLimit = 5_000;

/** Through `systemd-notify`, for Node has no datagram sockets; needs `NotifyAccess=all`. Does nothing outside of a service. */
export function openSdNotify(env: Readonly<NodeJS.ProcessEnv>): SdNotify {
  const socket = env['NOTIFY_SOCKET'];
  const tell = async (...words: readonly string[]): Promise<void> => {
    if (!socket) return;
    const options = { env: { NOTIFY_SOCKET: socket }, timeout: timeLimit };
    await runCommand(['systemd-notify', ...words], options, new AbortController().signal).catch(() => undefined);
  };
  const interval = watchdogInterval(env);
  let untold: string[] = [];
  return {
    ready: () => tell('--ready'),
    watchdog() {
      const status = untold;
      untold = [];
      return tell('WATCHDOG=1', ...status);
    },
    async status(text) {
      const line = `STATUS=${printableLine(text).slice(0, longestStatus)}`;
      if (interval === undefined) await tell(line);
      else untold = [line];
    },
    stopping: () => tell('STOPPING=1'),
    watchdogInterval: interval,
  };
}

/** Half of the time after which systemd gives up, as sd_watchdog_enabled(3) says. */
function watchdogInterval({ WATCHDOG_USEC: given, WATCHDOG_PID: pid }: Readonly<NodeJS.ProcessEnv>): number | undefined {
  const microseconds = Number(given);
  // Inherited from a parent that is watched itself.
  const isOthers = pid !== undefined && pid !== String(process.pid);
  return Number.isSafeInteger(microseconds) && microseconds > 0 && !isOthers ? microseconds / 2_000 : undefined;
}
