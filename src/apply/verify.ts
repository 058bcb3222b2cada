import type { HostReader } from '../host/host.ts';
import type { Address } from '../model/catalog.ts';
import { appliedBy } from '../model/last-applied.ts';
import { isDone, type Plan } from '../model/plan.ts';
import type { Graph } from '../plan/graph.ts';
import { makePlan, type PlanInput } from '../plan/make-plan.ts';
import { observe } from '../plan/observe.ts';

/**
 * Inspects and compares everything again, as if this run had been recorded. What is still to be done is returned: after a
 * good apply, nothing. Resources that the plan held are not expected to have changed.
 */
export async function verify(
  plan: Plan,
  graph: Graph,
  input: PlanInput,
  host: HostReader,
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const resources = graph.batches.flat();
  const ledger = new Map(input.ledger);
  for (const step of plan.steps) {
    const { address, resource, held, diff } = step;
    if (held) continue;
    const isBestEffort = diff.action !== 'none' && diff.bestEffort === true;
    if (resource.origin.assignment >= 0) ledger.set(address, { ...appliedBy(step), made: [] });
    else if (diff.action === 'none' || isBestEffort) ledger.delete(address);
  }
  const observation = await observe(resources, ledger, host, input.types, signal);
  const again = makePlan({ ...input, ledger, observation });
  const held = new Set(plan.steps.filter((step) => step.held).map(({ address }) => address));
  const open = again.steps.filter((step) => isDone(step) && !held.has(step.address)).map(({ address }) => address);
  return [...open, ...observation.failures.map(({ address }) => address).filter((address) => !held.has(address))];
}
