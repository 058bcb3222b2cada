import type { Brought } from '../model/agent.ts';
import type { Event } from '../model/event.ts';
import type { TrustPolicy } from '../model/host-policy-document.ts';
import type { Report } from '../model/report.ts';
import type { Memory } from '../model/reporter.ts';
import type { Request } from '../model/request.ts';
import type { Declined, Order } from '../model/visit.ts';
import { reconcile } from '../reconcile.ts';
import { takePushed, tryPushed, type Pushed } from '../source/git/take-pushed.ts';

/** What decides whether a revision may be applied here. */
export interface Rules {
  readonly trust: TrustPolicy;
  /** The part `source` of the agent's state. */
  readonly memory: Memory;
}

interface Unknown extends Brought {
  readonly order: Order;
  readonly request: Omit<Request, 'source'>;
  readonly stateDirectory: string;
  readonly rules: Rules;
}

/** A revision that this host does not enforce yet. */
export async function receiveUnknown(
  { order, bundle, place, request, stateDirectory, rules }: Unknown,
  emit: (event: Event) => void,
  signal: AbortSignal,
): Promise<Report | Declined> {
  const { action, commit, branch } = order;
  const pushed: Pushed = { directory: stateDirectory, ...rules, commit, branch, bundle };
  if (action === 'check') {
    const source = await tryPushed(pushed, place, signal);
    return 'type' in source ? source : reconcile({ ...request, source }, emit, signal);
  }
  const taken = await takePushed(pushed, signal);
  if ('type' in taken) return taken;
  const { source, isOvertaken, acceptLater } = taken;
  const accept = async ({ confirmation }: Report): Promise<void> => {
    // An earlier one, where this one found nothing to do.
    if (confirmation?.state === 'waiting') acceptLater(confirmation.run);
    else await taken.accept();
  };
  return reconcile({ ...request, source, isOvertaken, accept }, emit, signal);
}
