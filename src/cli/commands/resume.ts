import { stateDirectory } from '../../state/state-directory.ts';
import { removeSuspension } from '../../state/suspension.ts';
import { askAgent } from '../ask-agent.ts';
import type { Invocation } from '../invocation.ts';
import { rootOption } from '../request.ts';

/** Ends a suspension, whether an agent runs or not. */
export async function run(invocation: Invocation): Promise<number> {
  const answer = await askAgent(invocation, { method: 'POST', path: '/resume' });
  if (answer === undefined) removeSuspension(stateDirectory(rootOption(invocation)));
  process.stdout.write('Not suspended; runs may change this host again\n');
  return 0;
}
