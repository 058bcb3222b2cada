import type { News } from '../model/reporter.ts';

/** One thing at Gitea that is kept as the news are. */
export interface Subject {
  /** Remembers what is now to be told, in the place of what was not told yet. */
  note(news: News): void;
  /** Tells what was noted. What could not be told stays noted; throws `GiteaError` then. */
  deliver(signal: AbortSignal): Promise<void>;
}
