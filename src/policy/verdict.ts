import type { WithProblems } from '../model/located.ts';

/** Policy's answer to a whole plan, before the first write: every reason against it. One refusal means no write at all. */
export type Verdict = WithProblems;
