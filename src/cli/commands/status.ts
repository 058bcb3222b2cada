import { machineNames } from '../../host/facts.ts';
import { loadHostPolicy } from '../../host/host-policy.ts';
import { ownAccount } from '../../host/own-account.ts';
import { isEnabled } from '../../install/is-enabled.ts';
import type { AgentStatus } from '../../model/agent.ts';
import { paintFor } from '../../report/paint.ts';
import { renderStatus } from '../../report/render-status.ts';
import { stateDirectory } from '../../state/state-directory.ts';
import { askAgent, noAgent } from '../ask-agent.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { requireOwnRuns } from '../open-runs.ts';
import { rootOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Shows what the agent does and knows; where none runs, what it and the runs have left, and that none does. */
export async function run(invocation: Invocation): Promise<number> {
  const told = (await askAgent(invocation, { method: 'GET', path: '/api/v1/status' })) as AgentStatus | undefined;
  const status = told ?? (await recall(invocation));
  if (textOption(invocation, 'output') === 'json') writeJson(status);
  else process.stdout.write(renderStatus(status, paintFor(process.stdout)));
  if (!told) throw noAgent(invocation);
  return 0;
}

async function recall(invocation: Invocation): Promise<AgentStatus> {
  requireOwnRuns(invocation);
  const { recallStatus } = await import('../../agent/recall-status.ts');
  const name = loadHostPolicy().policy.host ?? machineNames()[0] ?? 'localhost';
  const directory = stateDirectory(rootOption(invocation));
  const { HOME = ownAccount().home, XDG_STATE_HOME } = process.env;
  // A unit names no other place than the one where its account has its state.
  const isUsual = directory === stateDirectory(undefined, { HOME, XDG_STATE_HOME });
  const scope = process.getuid?.() === 0 ? 'system' : 'user';
  return recallStatus({ name, stateDirectory: directory, isEnabled: isUsual && isEnabled(scope, HOME) });
}
