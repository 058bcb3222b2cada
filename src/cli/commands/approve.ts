import type { AgentStatus } from '../../model/agent.ts';
import { ownName, requireAgent } from '../ask-agent.ts';
import type { Invocation } from '../invocation.ts';

/** Lets the plan through that waits for a person. */
export async function run(invocation: Invocation): Promise<number> {
  const id = invocation.arguments[0]!;
  const question = { method: 'POST', path: '/approve', body: { run: id, by: ownName() } } as const;
  const { suspended, windowClosed } = (await requireAgent(invocation, question)) as AgentStatus;
  const later = suspended ? ' once the suspension has ended,' : windowClosed ? ' once the window opens,' : '';
  process.stdout.write(`Approved; the agent applies the plan${later} if the host and the revision are still as they were\n`);
  return 0;
}
