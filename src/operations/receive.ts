import { machineNames } from '../host/facts.ts';
import type { Brought } from '../model/agent.ts';
import type { Event } from '../model/event.ts';
import type { Report } from '../model/report.ts';
import type { Request } from '../model/request.ts';
import type { Declined, Order } from '../model/visit.ts';
import { reconcile } from '../reconcile.ts';
import { commitSource } from '../source/git/commit-source.ts';
import { mirrorIn } from '../source/git/mirror.ts';
import { readManifest } from '../source/git/revision-store.ts';
import { readSuspension } from '../state/suspension.ts';
import type { Rules } from './receive-unknown.ts';

/** A revision that an operator has sent to this host. */
export interface Visit extends Brought {
  readonly order: Order;
}

/** The host that is visited. */
export interface Visited {
  readonly stateDirectory: string;
  /** Its name as its own policy says; null where that leaves it open. */
  readonly host: string | null;
  readonly root: string | undefined;
  /** What its policy says of trust, and what it remembers. Asked only for a revision that it does not enforce already. */
  rules(): Promise<Rules | Declined>;
}

/**
 * Looks at a revision that was sent, or converges to it and keeps to it from then on, by the rules for a revision that was
 * fetched. The operator is a person who looks on, so that it is a run by hand. Without anything of git for the revision that is
 * enforced already. Throws as `reconcile` does.
 */
export async function receiveRevision(
  { order, bundle, place }: Visit,
  visited: Visited,
  emit: (event: Event) => void,
  signal: AbortSignal,
): Promise<Report | Declined> {
  const { stateDirectory, host, root } = visited;
  const { action, commit, branch, tags, paranoid, health = false, planDigest } = order;
  if (host !== null && host !== order.host) {
    const hint = 'its host policy says so; check its address in the inventory';
    return { type: 'declined', exit: 'refused', message: `this machine is ${host}, not ${order.host}`, hint };
  }
  const request: Omit<Request, 'source'> = {
    action,
    // The name that the machine would take by itself is not asked for, so that other runs make the same of it.
    ...(order.host !== (host ?? machineNames()[0]) && { host: order.host }),
    root,
    tags,
    paranoid,
    health,
    confirmedBy: 'person',
    ...(planDigest !== undefined && { planDigest }),
  };
  const isSuspended = action === 'converge' && readSuspension(stateDirectory) !== undefined;
  if (isSuspended || isEnforced(stateDirectory, commit)) {
    const source = commitSource({ stateDirectory, commit, branch });
    return reconcile({ ...request, source }, emit, signal);
  }
  const { receiveUnknown } = await import('./receive-unknown.ts');
  const rules = await visited.rules();
  if ('type' in rules) return rules;
  return receiveUnknown({ order, bundle, place, request, stateDirectory, rules }, emit, signal);
}

/** It was accepted here, and nobody has taken that back: the copy of the floor goes with `trust reset`. */
export const isEnforced = (stateDirectory: string, commit: string): boolean =>
  mirrorIn(stateDirectory).ref('floor') === commit && readManifest(stateDirectory, commit) !== undefined;
