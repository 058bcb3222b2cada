import type { News, Reporter } from '../model/reporter.ts';

/** Hands news to every reporter, each in its own time and in order, so that a slow forge delays no run. */
export interface Reporting {
  tell(news: News): void;
  /** Resolves when everything was handed over, or `signal` ends. */
  drained(signal: AbortSignal): Promise<void>;
}

/** News that wait for one reporter; of more, the oldest that say nothing about a run go first. */
const mostWaiting = 50;

export function openReporting(
  reporters: readonly Reporter[],
  problem: (reporter: string, message: string) => void,
  signal: AbortSignal,
): Reporting {
  const queues = reporters.map((reporter) => openQueue(reporter, problem, signal));
  return {
    tell: (news) => {
      for (const queue of queues) queue.add(news);
    },
    async drained(limit) {
      const ended = new Promise<void>((resolve) => {
        if (limit.aborted) resolve();
        limit.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([Promise.all(queues.map(({ idle }) => idle())), ended]);
    },
  };
}

interface Queue {
  add(news: News): void;
  idle(): Promise<void>;
}

function openQueue(reporter: Reporter, problem: (reporter: string, message: string) => void, signal: AbortSignal): Queue {
  const waiting: News[] = [];
  let working: Promise<void> | undefined;
  const work = async (): Promise<void> => {
    for (let news = waiting.shift(); news; news = waiting.shift()) {
      const told = await reporter.tell(news, signal);
      if (told.problem !== undefined) problem(reporter.name, told.problem);
    }
    working = undefined;
  };
  return {
    add(news) {
      waiting.push(news);
      if (waiting.length > mostWaiting)
        waiting.splice(
          Math.max(
            0,
            waiting.findIndex(({ type }) => type === 'status'),
          ),
          1,
        );
      working ??= work();
    },
    idle: async () => working,
  };
}
