import type { News, Recipient, Reporter } from '../model/reporter.ts';

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
  /** Delivers what is kept now; once more after what is on its way. */
  begin(): void;
  idle(): Promise<void>;
}

function openDelivery(recipient: Recipient, say: (message: string) => void, signal: AbortSignal): Delivery {
  let isDue = false;
  let working: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    // News of one moment go together.
    await Promise.resolve();
    while (isDue && !signal.aborted) {
      isDue = false;
      const { problem } = await recipient.deliver(signal);
      if (problem !== undefined) say(problem);
    }
    working = undefined;
  };
  return {
    begin() {
      isDue = true;
      if (!signal.aborted) working ??= work();
    },
    idle: async () => working,
  };
}
