import type { AgentEvent } from '../model/agent.ts';

/** Says what becomes contested. To be called with every event of an agent. */
export function logContests(problem: (message: string) => void): (event: AgentEvent) => void {
  let said: readonly string[] = [];
  return (event) => {
    if (event.type !== 'status') return;
    const { contested } = event.status;
    for (const address of contested)
      if (!said.includes(address))
        problem(`${address} is contested: something keeps changing it back, and it is left alone for an hour`);
    said = contested;
  };
}
