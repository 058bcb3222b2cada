import type { Problem } from '../../model/problem.ts';

/** What a commit has and is beyond what is read of one: no fault of the mirror, and the same with every mirror. */
export class TooLarge extends Error {
  get problem(): Problem {
    return { code: 'too-large', message: this.message };
  }
}
