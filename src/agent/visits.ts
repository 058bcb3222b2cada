import type { AgentPort } from '../model/agent.ts';
import type { Event } from '../model/event.ts';
import type { TrustPolicy } from '../model/host-policy-document.ts';
import type { Memory } from '../model/reporter.ts';
import type { ReportedCheck } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import { greet } from '../operations/greet.ts';
import { receiveRevision, type Visit, type Visited } from '../operations/receive.ts';
import type { Loop } from './loop.ts';

interface Visitable {
  readonly stateDirectory: string;
  /** As its host policy, or whoever started the agent, names this host; null where both leave it open. */
  readonly host: string | null;
  readonly place: Pick<Request, 'host' | 'root'>;
  readonly trust: TrustPolicy;
  /** The part `source` of the agent's state. */
  readonly memory: Memory;
  readonly take: Loop['take'];
  readonly status: AgentPort['status'];
  /** Hears what health checks said that an operator has asked for. */
  asked(health: readonly ReportedCheck[]): void;
  problem(message: string): void;
}

/** How operators visit an agent. A check is made at once, beside whatever is at work; to converge takes a turn. */
export function openVisits(visitable: Visitable, signal: AbortSignal): Pick<AgentPort, 'greeting' | 'receive'> {
  const { stateDirectory, host, place, trust, memory, take, status, asked, problem } = visitable;
  const visited: Visited = { stateDirectory, host, root: place.root, rules: () => Promise.resolve({ trust, memory }) };
  return {
    greeting: () => greet(stateDirectory, host, status()),
    async receive(order, brought, tell, gone) {
      const visit: Visit = { order, ...brought };
      if (order.action === 'check') {
        const answer = await receiveRevision(visit, visited, tell, AbortSignal.any([signal, gone]));
        if ('type' in answer) tell(answer);
        else if (answer.health.length > 0) asked(answer.health);
        return;
      }
      // Told when the status says it too.
      let last: Event | undefined;
      const answer = await take(order, gone, (emit) => {
        const tellBoth = (event: Event): void => {
          emit(event);
          if (event.type === 'finished') last = event;
          else tell(event);
        };
        return receiveRevision(visit, visited, tellBoth, signal);
      });
      if ('type' in answer) problem(`a push of ${order.commit.slice(0, 12)} was declined: ${answer.message}`);
      if ('type' in answer) tell(answer);
      else if (last) tell(last);
    },
  };
}
