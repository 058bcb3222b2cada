import type { Problem } from './problem.ts';
import type { Source } from './revision.ts';

/** What looking at the repository gave. */
export interface Look {
  /**
   * `fetched`: a remote answered and its newest revision may be applied. `offline`: no remote answered. `behind`: those that
   * answered have only what is older than what was applied. `refused`: the newest revision must not be applied (history
   * rewritten, signature, hostile content, unreadable trust).
   */
  readonly state: 'fetched' | 'offline' | 'behind' | 'refused';
  /** The revision to enforce now: the newest trusted one, else the last good one. Undefined: there is none yet. */
  readonly source: Source | undefined;
  /** Its commit; null outside git. */
  readonly commit: string | null;
  readonly branch: string | null;
  /** The newest commit at the remote, whether or not it may be applied; null where it is older than what was applied. */
  readonly seen: string | null;
  /** The remote that answered, without credentials. */
  readonly remote: string | null;
  /** Why `source` is not what is newest. */
  readonly problem?: Problem;
  /** Why the remotes before this one gave nothing, where there are any. */
  readonly passedOver?: string;
}

/** Where an agent takes its revisions from. */
export interface Follower {
  /**
   * Never rejects for what a remote or a repository does; it ends when `signal` does. `isExpected`: somebody said that there is
   * something new, so that it is fetched without asking first. It saves a round trip, and costs one where it was not true.
   */
  look(signal: AbortSignal, isExpected?: boolean): Promise<Look>;
  /** This revision was applied and verified here: older ones and other histories are refused from now on. */
  accept(commit: string): Promise<void>;
  /** Another revision was accepted since a look gave this one, which may be older, or is not trusted any more. */
  isOvertaken(commit: string): boolean;
  /**
   * This revision was accepted, and then taken back: the last good one is what was accepted before it, where that is known. What is
   * refused stays so.
   */
  forsake(commit: string): void;
  /** The revision that was accepted last and not forsaken, from what is kept on this host. */
  lastGood(): Source | undefined;
}
