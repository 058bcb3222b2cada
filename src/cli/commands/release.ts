import { openAttempts } from '../../agent/attempts.ts';
import { openAgentState } from '../../state/agent-state.ts';
import { patience, takeLock } from '../../state/lock.ts';
import { openState } from '../../state/state.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { Invocation } from '../invocation.ts';
import { withState } from '../open-runs.ts';

/** Lets the revisions that failed here, or were taken back, be tried again. */
export async function run(invocation: Invocation): Promise<number> {
  const directory = withState(invocation, (state) => state.directory);
  using lock = takeLock(directory, patience);
  if (!lock) throw new ExitError('busy', 'another run is at work on this host');
  using state = openState(directory);
  const count = state.journal.release();
  using agent = openAgentState(directory);
  openAttempts(agent.memory('attempts')).releaseAll();
  process.stdout.write(`${count} ${count === 1 ? 'revision is' : 'revisions are'} released; the next run may try again\n`);
  return 0;
}
