import type { News, Recipient, Reporter } from '../model/reporter.ts';
import { backoff, longestBackoff } from './backoff.ts';

/**
 * Hands news to every reporter, and delivers what they keep: to each recipient in its own time, so that nobody who is slow delays
 * a run or others.
 */
export interface Reporting {
  /** What is told is kept when this returns. Never throws. */
  tell(news: News): void;
  /** Delivers what is kept already: from before a restart, or apart from news. */
  deliver(): void;
  /**
   * Resolves when everything was delivered or `limit` ends; what is then still on its way is given up, and stays kept. No delivery uses
   * the memory of a reporter any more.
   */
  close(limit: AbortSignal): Promise<void>;
}

export function openReporting(reporters: readonly Reporter[], problem: (reporter: string, message: string) => void): Reporting {
  const ending = new AbortController();
  const told = reporters.map(({ name, note, recipients }) => {
    const say = (message: string): void => problem(name, message);
    return { note, say, deliveries: recipients.map((recipient) => openDelivery(recipient, say, ending.signal)) };
  });
  const all = told.flatMap(({ deliveries }) => deliveries);
  const idle = async (): Promise<void> => void (await Promise.all(all.map(({ idle }) => idle())));
  return {
    tell(news) {
      for (const { note, say, deliveries } of told) {
        try {
          note(news);
        } catch (error) {
          say(`what was told cannot be remembered, so nothing is sent: ${(error as Error).message}`);
          continue;
        }
        for (const { begin } of deliveries) begin();
      }
    },
    deliver() {
      for (const { begin } of all) begin();
    },
    async close(limit) {
      const ended = new Promise<void>((resolve) => {
        if (limit.aborted) resolve();
        limit.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([idle(), ended]);
      ending.abort();
      await idle();
    },
  };
}

interface Delivery {
  /** Delivers what is kept now, once more after what is on its way, and again by itself what was not taken. */
  begin(): void;
  idle(): Promise<void>;
}

function openDelivery(recipient: Recipient, say: (message: string) => void, signal: AbortSignal): Delivery {
  let isDue = false;
  let failures = 0;
  let again: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;
  signal.addEventListener('abort', () => clearTimeout(again), { once: true });
  const work = async (): Promise<void> => {
    // News of one moment go together.
    await Promise.resolve();
    while (isDue && !signal.aborted) {
      isDue = false;
      clearTimeout(again);
      const { problem, dueAt = 0 } = await recipient.deliver(signal);
      failures = problem === undefined ? 0 : failures + 1;
      if (problem !== undefined) say(problem);
      // A clock that was set back must not make it wait for longer than anything else does.
      const asked = Math.min(dueAt - Date.now(), longestBackoff);
      const wait = Math.max(failures === 0 ? 0 : backoff(failures, Math.random()), asked);
      if (wait > 0 && !signal.aborted) again = setTimeout(begin, wait);
    }
    working = undefined;
  };
  const begin = (): void => {
    isDue = true;
    if (!signal.aborted) working ??= work();
  };
  return {
    begin,
    idle: async () => working,
  };
}
