import type { AgentPort } from '../model/agent.ts';
import type { Channel } from '../model/host-policy-document.ts';
import { nextDigest } from '../notify/digest-times.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { Reporting } from './reporting.ts';

const mostReports = 200;
/** setTimeout cannot wait longer; the clock may also jump meanwhile. Milliseconds. */
const longestWait = 3_600_000;

/** Sends the daily digest when a channel's time has come, and at once what was missed while the agent was away. */
export function sendDigests(
  notifier: Pick<Notifier, 'noteDigest'>,
  channels: readonly Channel[],
  port: AgentPort,
  reporting: Pick<Reporting, 'deliver'>,
  problem: (message: string) => void,
  signal: AbortSignal,
): void {
  if (nextDigest(channels, Date.now()) === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const send = (): void => {
    try {
      if (notifier.noteDigest(port.status(), () => port.briefs(mostReports))) reporting.deliver();
    } catch (error) {
      problem(`the digest cannot be remembered, so it is not sent: ${(error as Error).message}`);
    }
    const next = nextDigest(channels, Date.now()) ?? Date.now() + longestWait;
    timer = setTimeout(send, Math.min(longestWait, Math.max(0, next - Date.now())));
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  send();
}
