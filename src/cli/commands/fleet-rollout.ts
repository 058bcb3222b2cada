import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isOpen } from '../../fleet/rollout/rollout-record.ts';
import { openRolloutStore, type RolloutStore } from '../../fleet/rollout/rollout-store.ts';
import { exitCodes } from '../../model/exit-code.ts';
import type { RolloutState } from '../../model/rollout.ts';
import { paintFor } from '../../report/paint.ts';
import { renderRollout } from '../../report/render-rollout.ts';
import { rolloutCommand } from '../../report/rollout-command.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { ownName } from '../ask-agent.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Shows the rollout of this repository, or has it wait, go on or end. The process that is at work notices within a second. */
export function run(invocation: Invocation): Promise<number> {
  const store = openRolloutStore(join(stateDirectory(), 'fleet'), realpathSync(sourceOption(invocation)));
  const state = store.read();
  if (!state)
    throw new ExitError(
      'usage',
      'nothing of this repository was ever rolled out in waves from here',
      'reconcile fleet push and apply do so, where there is a rollout.yaml',
    );
  const isAtWork = isLocked(store);
  const word = invocation.arguments[0];
  if (word === 'status') return Promise.resolve(show(store, state, isAtWork, invocation));
  if (!isOpen(state))
    throw new ExitError('usage', `there is nothing to ${word}: the last rollout has ended`, 'reconcile fleet rollout status');
  const wish = store.wish();
  if (wish?.word === 'abort' && word !== 'abort')
    throw new ExitError(
      'usage',
      `there is nothing to ${word}: ${wish.by} has aborted it`,
      `the next ${rolloutCommand(state)} begins anew`,
    );
  const by = ownName();
  if (word === 'resume') store.setWish(undefined);
  else store.setWish({ word: word === 'pause' ? 'pause' : 'abort', by, at: new Date().toISOString() });
  process.stdout.write(`${effectOf(word, isAtWork, rolloutCommand(state))}\n`);
  return Promise.resolve(exitCodes.converged.code);
}

function isLocked(store: RolloutStore): boolean {
  const lock = store.lock();
  lock?.release();
  return lock === undefined;
}

function show(store: RolloutStore, state: RolloutState, isAtWork: boolean, invocation: Invocation): number {
  const wish = store.wish();
  if (textOption(invocation, 'output') === 'json') writeJson({ ...state, isAtWork, wish: wish ?? null });
  else process.stdout.write(renderRollout(state, { isAtWork, wish }, paintFor(process.stdout), process.stdout.columns));
  return exitCodes.converged.code;
}

function effectOf(word: string | undefined, isAtWork: boolean, command: string): string {
  if (word === 'pause') return 'No further host begins until `reconcile fleet rollout resume`; those at work finish.';
  if (word === 'resume') return isAtWork ? 'It goes on.' : `No process is at work on it: ${command} goes on where it was.`;
  return isAtWork
    ? 'No further host begins; those at work finish. Nothing is taken back.'
    : `It does not go on: the next ${command} begins anew. Nothing is taken back.`;
}
