import type { AgentEvent } from '../model/agent.ts';

/**
 * Says when no new revision can be had, or none may be taken, and why, once for each reason; and when that is over. To be called with
 * every event of an agent.
 */
export function logFetches({
  problem,
  note,
}: {
  readonly problem: (message: string) => void;
  readonly note: (message: string) => void;
}): (event: AgentEvent) => void {
  let said: string | undefined;
  let passed: string | undefined;
  return (event) => {
    if (event.type !== 'status' || !event.status.fetch) return;
    const { ok, message, hint, passedOver } = event.status.fetch;
    if (ok && passedOver !== passed) {
      passed = passedOver;
      if (passed === undefined) note('the first remote gives revisions again');
      else problem(`a later remote is used: ${passed}`);
    }
    const next = ok ? undefined : hint === undefined ? message : `${message}; ${hint}`;
    if (next === said) return;
    said = next;
    if (next === undefined) note('new revisions are taken again');
    else problem(`no new revision is taken: ${next}`);
  };
}
