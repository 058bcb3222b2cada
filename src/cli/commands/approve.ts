import { ownName, requireAgent } from '../ask-agent.ts';
import type { Invocation } from '../invocation.ts';

/** Lets the plan through that waits for a person. */
export async function run(invocation: Invocation): Promise<number> {
  const id = invocation.arguments[0]!;
  await requireAgent(invocation, { method: 'POST', path: '/approve', body: { run: id, by: ownName() } });
  process.stdout.write('Approved; the agent applies the plan if the host and the revision are still as they were\n');
  return 0;
}
