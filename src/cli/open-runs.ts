import { stateDirectory } from '../state/state-directory.ts';
import { openState, type State } from '../state/state.ts';
import { cliError } from './cli-error.ts';
import type { Invocation } from './invocation.ts';
import { rootOption } from './request.ts';

/** The state of this host for reading; undefined when nothing was ever applied here. */
export const readState = (invocation: Invocation): State | undefined =>
  openState(stateDirectory(rootOption(invocation)), { readOnly: true });

/** Opens the state for reading, and closes it again. An error says where a state was looked for. */
export function withState<T>(invocation: Invocation, act: (state: State) => T): T {
  const state = readState(invocation);
  if (!state) {
    const directory = stateDirectory(rootOption(invocation));
    throw cliError('usage', `no run is recorded in ${directory}`, 'a sandbox has its own runs: give --root DIR as for the run');
  }
  try {
    return act(state);
  } finally {
    state.close();
  }
}
