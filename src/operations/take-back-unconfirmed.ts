import { disarm } from '../confirm/arm.ts';
import { timeLeft } from '../confirm/deadline.ts';
import { isTimerLeft, stopTimer } from '../confirm/timer.ts';
import { readNow } from '../host/term.ts';
import type { Event } from '../model/event.ts';
import type { Report } from '../model/report.ts';
import type { Unconfirmed } from '../model/unconfirmed.ts';
import { takeLock } from '../state/lock.ts';
import { openState, type State } from '../state/state.ts';
import { findWaiting, readUnconfirmed } from '../state/unconfirmed.ts';
import { rollBackRuns } from './roll-back-runs.ts';
import type { Choice, Refused } from './runs-down-to.ts';

/**
 * Takes back the run that nobody has confirmed, once its time is over, or what a crash has left of it. The report has exit code 6.
 * Undefined where no run waits, where it still has time, or where another process has been quicker; `busy`: a run is at work, and
 * this has to be tried again. `why`: what speaks against the run, where that is known.
 */
export async function takeBackUnconfirmed(
  stateDirectory: string,
  emit: (event: Event) => void,
  why?: string,
): Promise<Report | 'busy' | undefined> {
  const found = readUnconfirmed(stateDirectory);
  // It goes off at every boot, too.
  if (isWaiting(found) && timeLeft(found, readNow()) > 0) return undefined;
  const result = isWaiting(found)
    ? await rollBackRuns({ run: undefined, root: undefined, stateDirectory }, emit, (state) => choose(state, why))
    : nothingApplied;
  if (!('refused' in result)) return result;
  return result.exit === 'busy' || !(await tidy(stateDirectory)) ? 'busy' : undefined;
}

const isWaiting = (found: Unconfirmed | undefined): found is Unconfirmed => found !== undefined && found.takenBack === undefined;

const nothingApplied: Refused = { refused: 'no run waits for its confirmation', exit: 'usage' };

function choose({ directory, journal }: State, why: string | undefined): Choice | Refused {
  const unconfirmed = readUnconfirmed(directory);
  if (!isWaiting(unconfirmed) || timeLeft(unconfirmed, readNow()) > 0) return nothingApplied;
  const open = journal.open();
  const reason = `was not confirmed within ${unconfirmed.within / 1000} s${why === undefined ? '' : ` (${why})`}`;
  const choice = { because: reason, runs: open ? [open.run] : [] };
  if (open) return choice;
  const undoable = journal.undoable();
  const at = undoable.indexOf(unconfirmed.run);
  return at < 0 ? nothingApplied : { ...choice, runs: undoable.slice(0, at + 1) };
}

/**
 * Removes what is left of a run that does not wait (any more). With the lock: the next run may be about to wait. Without it where
 * nothing is left: the timer also goes off when it is set, and who runs then would find the host busy.
 */
async function tidy(stateDirectory: string): Promise<boolean> {
  if (!isWaiting(readUnconfirmed(stateDirectory)) && !isTimerLeft(stateDirectory)) return true;
  using lock = takeLock(stateDirectory);
  if (!lock) return false;
  using state = openState(stateDirectory);
  const found = readUnconfirmed(stateDirectory);
  if (!isWaiting(found)) await stopTimer(stateDirectory);
  else if (!findWaiting(state) && !state.journal.open()) await disarm(stateDirectory);
  return true;
}
