import type { AgentStatus } from '../../model/agent.ts';
import { paintFor } from '../../report/paint.ts';
import { renderStatus } from '../../report/render-status.ts';
import { requireAgent } from '../ask-agent.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { writeJson } from '../run-output.ts';

/** Shows what the agent does and knows. */
export async function run(invocation: Invocation): Promise<number> {
  const status = (await requireAgent(invocation, { method: 'GET', path: '/api/v1/status' })) as AgentStatus;
  if (textOption(invocation, 'output') === 'json') writeJson(status);
  else process.stdout.write(renderStatus(status, paintFor(process.stdout)));
  return 0;
}
