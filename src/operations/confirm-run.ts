import { disarm } from '../confirm/arm.ts';
import { takeLock } from '../state/lock.ts';
import { openState, type State } from '../state/state.ts';
import { findWaiting } from '../state/unconfirmed.ts';
import type { Refused } from './runs-down-to.ts';

/** Undefined: no run waits, and none has waited last. */
interface Confirmed {
  readonly confirmed: string | undefined;
}

/** How many reports are looked through for a run that does not wait any more. */
const looked = 50;

interface Confirming {
  /** Its id or a beginning of it that fits no other; the one that waits unless told. */
  readonly run?: string | undefined;
  /**
   * Of the person who says so, as SSH_CONNECTION has it: the one over which the change was made is refused, since it would go on in a
   * host that nobody else can reach.
   */
  readonly connection?: string | undefined;
  /** Told of the run that stays while no other can be at work, which would go by what was accepted before. */
  readonly accept: (run: string) => Promise<void>;
}

/**
 * The run stays: whoever calls this has come over a connection that was made after it. Durable when it returns, and can be repeated;
 * `exit` of a refusal is `rolledBack` where it comes too late.
 */
export async function confirmRun(stateDirectory: string, { run, connection, accept }: Confirming): Promise<Confirmed | Refused> {
  using lock = takeLock(stateDirectory);
  if (!lock) return { refused: 'a run is at work on this host: try again when it is done', exit: 'busy' };
  using state = openState(stateDirectory);
  const waiting = findWaiting(state);
  if (!waiting) {
    const became = whatBecame(run, state);
    if ('confirmed' in became && became.confirmed !== undefined) await accept(became.confirmed);
    return became;
  }
  if (!isNamed(run, waiting.run, state))
    return { refused: `it is run ${waiting.run} that waits for its confirmation, not '${run}'`, exit: 'usage' };
  if (connection !== undefined && connection === waiting.connection)
    return {
      refused: 'this is the connection over which the change was made: it proves nothing, open a new one',
      exit: 'usage',
    };
  await disarm(stateDirectory);
  const report = state.runs.get(waiting.run);
  if (report?.confirmation) state.runs.put({ ...report, confirmation: { ...report.confirmation, state: 'confirmed' } });
  await accept(waiting.run);
  return { confirmed: waiting.run };
}

const isNamed = (run: string | undefined, id: string, { runs }: State): boolean =>
  run === undefined || run === id || runs.get(run)?.run === id;

function whatBecame(run: string | undefined, state: State): Confirmed | Refused {
  const found = state.runs.summaries(looked).filter(({ run: id, confirmation }) => confirmation?.run === id);
  const report = found.find(({ run: id }) => isNamed(run, id, state));
  if (report?.confirmation?.state === 'taken-back')
    return { refused: `it is too late: run ${report.run} was taken back`, exit: 'rolledBack' };
  if (run !== undefined && !report) return { refused: `no run '${run}' waits for its confirmation`, exit: 'usage' };
  return { confirmed: report?.run };
}
