import { stateDirectory } from '../../state/state-directory.ts';
import { readSuspension, removeSuspension } from '../../state/suspension.ts';
import { askAgent } from '../ask-agent.ts';
import type { Invocation } from '../invocation.ts';
import { requireOwnRuns } from '../open-runs.ts';
import { rootOption } from '../request.ts';

/** Ends a suspension, whether an agent runs or not. */
export async function run(invocation: Invocation): Promise<number> {
  requireOwnRuns(invocation);
  const directory = stateDirectory(rootOption(invocation));
  const wasSuspended = readSuspension(directory) !== undefined;
  const answer = await askAgent(invocation, { method: 'POST', path: '/resume' });
  if (answer === undefined) removeSuspension(directory);
  const said = wasSuspended ? 'Resumed; runs may change this host again' : 'It was not suspended; runs may change this host';
  process.stdout.write(`${said}\n`);
  return 0;
}
