import { readNow, termFrom } from '../host/term.ts';
import type { Problem } from '../model/problem.ts';
import type { Unconfirmed } from '../model/unconfirmed.ts';
import { removeUnconfirmed, writeUnconfirmed } from '../state/unconfirmed.ts';
import { hasTimers, restartTimer, startTimer, stopTimer } from './timer.ts';

/** A run that can cut the host off. */
export type Risk = Pick<Unconfirmed, 'run' | 'by' | 'because' | 'connection' | 'health' | 'within'>;

/**
 * Before the first change: from here on the run is taken back when its term is over, whatever becomes of this process or of the
 * host. Where that cannot be, nothing is left behind, and the answer is why.
 */
export async function arm(stateDirectory: string, risk: Risk): Promise<Problem | undefined> {
  if (!hasTimers()) return refusal(risk, 'a timer that outlives the run needs root and systemd');
  // Before the timer, which takes itself away when it finds nothing to wait for.
  writeUnconfirmed(stateDirectory, { ...risk, ...termFrom(readNow(), risk.within) });
  try {
    const [, program = ''] = process.argv;
    const hostPolicy = process.env['RECONCILE_HOST_POLICY'] || undefined;
    await startTimer({ stateDirectory, node: process.execPath, program, hostPolicy }, risk.within);
    return undefined;
  } catch (error) {
    await disarm(stateDirectory);
    return refusal(risk, (error as Error).message);
  }
}

const refusal = ({ because }: Risk, why: string): Problem => ({
  code: 'cannot-confirm',
  message: `${because.join(', ')} could cut this host off, and nothing would take that back: ${why}`,
  ...(because[0] !== undefined && { address: because[0] }),
  hint: '`limits.confirm_within: off` in host.yaml does without',
});

/** The run is done and proved: a whole term begins now. */
export async function beginTerm(stateDirectory: string, risk: Risk): Promise<Unconfirmed> {
  const unconfirmed: Unconfirmed = { ...risk, ...termFrom(readNow(), risk.within) };
  // First: what a crash leaves in between is a timer that goes off after the end of the term, never before it.
  await restartTimer(stateDirectory);
  writeUnconfirmed(stateDirectory, unconfirmed);
  return unconfirmed;
}

/** Nothing is taken back by itself any more. Durable when it returns. */
export async function disarm(stateDirectory: string): Promise<void> {
  removeUnconfirmed(stateDirectory);
  await stopTimer(stateDirectory);
}
