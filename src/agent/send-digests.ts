import type { AgentPort } from '../model/agent.ts';
import type { Channel } from '../model/host-policy-document.ts';
import { nextDigest } from '../notify/digest-times.ts';
import type { Notifier } from '../notify/notifier.ts';

const mostReports = 200;
/** setTimeout cannot wait longer; the clock may also jump meanwhile. Milliseconds. */
const longestWait = 3_600_000;

/** Sends the daily digest when a channel's time has come, and at once what was missed while the agent was away. */
export function sendDigests(
  notifier: Pick<Notifier, 'digest'>,
  channels: readonly Channel[],
  port: AgentPort,
  problem: (message: string) => void,
  signal: AbortSignal,
): void {
  if (nextDigest(channels, Date.now()) === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const send = async (): Promise<void> => {
    const sent = await notifier.digest(port.status(), port.reports(mostReports), signal);
    if (sent.problem !== undefined) problem(sent.problem);
    if (signal.aborted) return;
    const next = nextDigest(channels, Date.now()) ?? Date.now() + longestWait;
    timer = setTimeout(() => void send(), Math.min(longestWait, next - Date.now()));
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  void send();
}
