import type { Problem } from '../model/problem.ts';

/** Policy's answer to a whole plan, before the first write. One refusal means no write at all. */
export interface Verdict {
  readonly decision: 'allow' | 'deny';
  /** Every reason, not only the first. */
  readonly problems: readonly Problem[];
}
