/** What a watchdog knows, for people and programs. */
export interface DeadmanStatus {
  readonly agent: string;
  /** `unwatched`: never checked, or not for three intervals, so that nobody would notice a death. */
  readonly condition: 'well' | 'dead' | 'given-up' | 'unwatched';
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly checkedAt: string | null;
  /** Seconds. */
  readonly checkedAgo: number | null;
  readonly misses: number;
  readonly failures: number;
  readonly restarts: number;
  readonly maxRestarts: number;
  readonly rollbacks: number;
  readonly deadmanActive: boolean;
  readonly config: string;
  readonly lastGood: { readonly digest: string; readonly at: string } | null;
  readonly unsent: number;
  readonly unlogged: number;
}
