import { isDeepStrictEqual } from 'node:util';
import type { AgentEvent } from '../model/agent.ts';

interface Log {
  problem(message: string): void;
  note(message: string): void;
}

/** Says when other health checks fail than before. To be called with every event of an agent. */
export function logHealth({ problem, note }: Log): (event: AgentEvent) => void {
  let said: readonly string[] = [];
  return (event) => {
    if (event.type !== 'status') return;
    const { failure, failed = [] } = event.status.health ?? {};
    if (isDeepStrictEqual(failed, said)) return;
    said = failed;
    if (failure === undefined) note('no health check fails any more');
    else problem(failed.length > 1 ? `${failure}; ${failed.length} fail` : failure);
  };
}
