import { existsSync } from 'node:fs';
import { stateDirectory } from '../state/state-directory.ts';
import { openState, type State } from '../state/state.ts';
import { ExitError } from '../model/exit-error.ts';
import type { Invocation } from './invocation.ts';
import { rootOption } from './request.ts';

/** The state of this host for reading; undefined when nothing was ever applied here. */
export const readState = (invocation: Invocation): State | undefined =>
  openState(stateDirectory(rootOption(invocation)), { readOnly: true });

/** Opens the state for reading, and closes it again. An error says where a state was looked for. */
export function withState<T>(invocation: Invocation, act: (state: State) => T): T {
  using state = readState(invocation);
  if (!state) {
    const directory = stateDirectory(rootOption(invocation));
    throw new ExitError('usage', `no run is recorded in ${directory}`, otherRuns(invocation));
  }
  return act(state);
}

/**
 * Refuses whoever has no runs of their own where root has some: what is said to a state that nobody uses, or read from it, would be
 * taken for what holds on the host.
 */
export function requireOwnRuns(invocation: Invocation): void {
  const hint = sudoHint(invocation);
  if (hint === undefined) return;
  using state = readState(invocation);
  if (!state) throw new ExitError('usage', `no run is recorded in ${stateDirectory()}`, hint);
}

/** Where else the runs may be. */
export const otherRuns = (invocation: Invocation): string =>
  sudoHint(invocation) ?? 'a sandbox has its own runs: give --root DIR as for the run';

/** For those who forgot sudo: they have named no place, and root has a state. */
function sudoHint(invocation: Invocation): string | undefined {
  const { RECONCILE_STATE_DIR: given, STATE_DIRECTORY: service } = process.env;
  if (rootOption(invocation) !== undefined || given || service || process.getuid?.() === 0) return undefined;
  const roots = stateDirectory(undefined, {}, 0);
  return existsSync(roots) ? `sudo, if you mean the runs of root in ${roots}` : undefined;
}
