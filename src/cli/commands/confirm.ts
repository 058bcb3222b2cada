import { openLocalReader } from '../../host/local-reader.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { confirmRun } from '../../operations/confirm-run.ts';
import { takeBackUnconfirmed } from '../../operations/take-back-unconfirmed.ts';
import { readConnection } from '../../resources/ssh-doors.ts';
import { acceptConfirmed } from '../../source/git/accept-pushed.ts';
import { openAgentState } from '../../state/agent-state.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { ExitError } from '../../model/exit-error.ts';
import type { Invocation } from '../invocation.ts';
import { requireOwnRuns } from '../open-runs.ts';
import { openRunOutput } from '../run-output.ts';

/** While a run is at work. Milliseconds. */
const pause = 1_000;
const mostTries = 20;

/** Keeps a run that could have cut the host off; with `--expire` takes it back if its time is over. */
export async function run(invocation: Invocation): Promise<number> {
  const {
    arguments: [id],
    options,
    signal,
  } = invocation;
  requireOwnRuns(invocation);
  const directory = stateDirectory();
  if (options['expire'] === true) return expire(directory, signal);
  const connection = readConnection(openLocalReader({ root: undefined }));
  const accept = (confirmed: string): Promise<void> => acceptRevisionOf(confirmed, directory);
  const confirming = { run: id, connection, accept };
  let result = await confirmRun(directory, confirming);
  // Nothing that takes long is at work while a run waits, and time is short.
  for (let tries = 0; tries < mostTries && 'refused' in result && result.exit === 'busy'; tries++) {
    await sleep(pause, undefined, { signal });
    result = await confirmRun(directory, confirming);
  }
  if ('refused' in result) throw new ExitError(result.exit, result.refused, 'reconcile history lists the runs');
  const { confirmed } = result;
  process.stdout.write(confirmed === undefined ? 'No run waits for its confirmation\n' : `Confirmed: run ${confirmed} stays\n`);
  return 0;
}

/** The revision that was pushed, if it was one, stays too. */
async function acceptRevisionOf(run: string, directory: string): Promise<void> {
  using state = openAgentState(directory);
  await acceptConfirmed({ directory, memory: state.memory('source') }, run);
}

/** What the timer starts. Goes on until nothing waits, or the run that does has time again. To have taken it back is no failure here. */
async function expire(directory: string, signal: AbortSignal): Promise<number> {
  const output = openRunOutput(undefined, 'brief');
  for (;;) {
    const result = await takeBackUnconfirmed(directory, output.emit);
    if (result === undefined) return 0;
    if (result === 'busy') {
      await sleep(pause, undefined, { signal });
      continue;
    }
    output.finish(result);
    // The unit tries it again.
    if (result.outcome === 'rollbackIncomplete') return result.exit;
  }
}
