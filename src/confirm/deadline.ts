import { isSameBoot, leftOf, type Now, type Term } from '../host/term.ts';

/**
 * How many milliseconds a run still has to be confirmed; 0: its time is over. A clock that was set back, with a boot, must not give it
 * more time than it had: a host that is cut off may boot again and again.
 */
export const timeLeft = (term: Term, now: Now): number =>
  !isSameBoot(term, now) && now.time < term.since ? 0 : leftOf(term, now);
