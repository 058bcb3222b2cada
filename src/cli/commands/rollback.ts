import { rollBackRuns } from '../../roll-back-runs.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { cliError } from '../cli-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { readState } from '../open-runs.ts';
import { rootOption } from '../request.ts';
import { openRunOutput } from '../run-output.ts';

/** Takes back a run, and the later ones. */
export async function run(invocation: Invocation): Promise<number> {
  const root = rootOption(invocation);
  const directory = stateDirectory(root);
  const state = readState(invocation);
  if (!state)
    throw cliError('usage', `no run is recorded in ${directory}`, 'a sandbox has its own runs: give --root DIR as for the run');
  state.close();
  const output = openRunOutput(textOption(invocation, 'output'), 'brief');
  const result = await rollBackRuns({ run: invocation.arguments[0], root, stateDirectory: directory }, output.emit);
  if (typeof result === 'string')
    throw cliError(result.startsWith('another') ? 'busy' : 'usage', result, 'reconcile history lists the runs');
  output.finish(result);
  return result.exit;
}
