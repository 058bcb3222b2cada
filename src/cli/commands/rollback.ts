import { previewRollback } from '../../operations/preview-rollback.ts';
import { rollBackRuns } from '../../operations/roll-back-runs.ts';
import { patience } from '../../state/lock.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { withState } from '../open-runs.ts';
import { rootOption } from '../request.ts';
import { openRunOutput } from '../run-output.ts';

/** Takes back a run, and the later ones; with `--check` says only what that would be. */
export async function run(invocation: Invocation): Promise<number> {
  const root = rootOption(invocation);
  const directory = withState(invocation, (state) => state.directory);
  const output = openRunOutput(textOption(invocation, 'output'), 'brief');
  const revision = textOption(invocation, 'revision');
  const request = { run: invocation.arguments[0], revision, root, stateDirectory: directory, wait: patience };
  const act = invocation.options['check'] === true ? previewRollback : rollBackRuns;
  const result = await act(request, output.emit);
  if ('refused' in result) throw new ExitError(result.exit, result.refused, 'reconcile history lists the runs');
  output.finish(result);
  return result.exit;
}
