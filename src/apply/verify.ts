import type { HostReader } from '../host/host.ts';
import type { Address } from '../model/catalog.ts';
import { appliedBy } from '../model/last-applied.ts';
import { listed } from '../model/listed.ts';
import { makeFailure } from '../model/passing-error.ts';
import { changesOf, isDone, type Diff, type Plan } from '../model/plan.ts';
import type { Graph } from '../plan/graph.ts';
import { makePlan, type PlanInput } from '../plan/make-plan.ts';
import { observe } from '../plan/observe.ts';

/** What was to go and may stay, with what is left of it. */
export type Kept = ReadonlyMap<Address, Diff>;

export interface Verified {
  /** What is still to be done, and why: after a good apply, nothing. */
  readonly open: ReadonlyMap<Address, Error>;
  readonly kept: Kept;
}

const fieldsOf = (diff: Diff): string => listed(changesOf(diff).map(({ field }) => field));

/**
 * Inspects and compares everything again, as if this run had been recorded. Resources that the plan held are not expected to have
 * changed.
 */
export async function verify(
  plan: Plan,
  graph: Graph,
  input: PlanInput,
  host: HostReader,
  signal: AbortSignal,
): Promise<Verified> {
  const resources = graph.batches.flat();
  const ledger = new Map(input.ledger);
  const mayStay = new Set<Address>();
  for (const step of plan.steps) {
    const { address, resource, held, diff } = step;
    if (held) continue;
    if (diff.action !== 'none' && diff.mayStay !== undefined) mayStay.add(address);
    if (resource.origin.assignment >= 0) ledger.set(address, { ...appliedBy(step), made: [] });
    else if (diff.action === 'none') ledger.delete(address);
  }
  const observation = await observe(resources, ledger, host, input.types, signal);
  const again = makePlan({ ...input, ledger, observation });
  const held = new Set(plan.steps.filter((step) => step.held).map(({ address }) => address));
  const left = again.steps.filter((step) => isDone(step) && !held.has(step.address));
  const failed = observation.failures.filter(({ address }) => !held.has(address));
  const open = [
    ...left.map(({ address, diff }) => [address, new Error(`still differs after it was applied: ${fieldsOf(diff)}`)] as const),
    ...failed.map(({ address, message, isPassing = false }) => {
      const failure = makeFailure(`cannot be looked at after it was applied: ${message}`, isPassing);
      return [address, failure] as const;
    }),
  ];
  return {
    open: new Map(open.filter(([address]) => !mayStay.has(address))),
    kept: new Map(left.filter(({ address }) => mayStay.has(address)).map(({ address, diff }) => [address, diff])),
  };
}
