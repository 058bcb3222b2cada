import type { Memory, News } from '../model/reporter.ts';

/** What a subject is about, and where. */
export interface About {
  readonly repository: string;
  /** As `placeOf` names it. */
  readonly place: string;
  readonly host: string;
  readonly memory: Memory;
}

/** One thing at Gitea that is kept as the news are. */
export interface Subject {
  /** Remembers what is now to be told, in the place of what was not told yet. */
  note(news: News): void;
  /** Tells what was noted. What could not be told stays noted; throws `GiteaError` then. */
  deliver(signal: AbortSignal): Promise<void>;
}
