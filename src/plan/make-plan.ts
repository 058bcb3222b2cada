import type { HostReader } from '../host/host.ts';
import { idIn, type Address, type Catalog } from '../model/catalog.ts';
import { digestOf } from '../model/json.ts';
import type { LastApplied } from '../model/last-applied.ts';
import type { WithProblems } from '../model/located.ts';
import { isDone, type Change, type Plan, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { desiredStep } from './desired-step.ts';
import type { Graph } from './graph.ts';
import type { Observation } from './observe.ts';
import { makeWay, noWay, type Way } from './make-way.ts';
import { mayBring } from './may-bring.ts';
import { neededLast } from './needed-last.ts';
import { objections, type Objection } from './objections.ts';
import { orphanStep } from './orphan-step.ts';
import { secretPathMarker } from './secret-paths.ts';

export interface PlanInput {
  readonly host: string;
  readonly graph: Graph;
  readonly observation: Observation;
  readonly observes: Catalog['observes'];
  readonly ledger: ReadonlyMap<Address, LastApplied>;
  readonly owed: readonly Address[];
  readonly types: (kind: string) => AnyResourceType;
  /** Paths that a kind would create, replace or remove on this host for these changes. */
  touched(kind: string, desired: object, changes: readonly Change[]): readonly string[];
  /** Why the run could not write a path, and where that stops. A check does not ask. */
  readonly unwritable: HostReader['unwritable'];
  /** Whether the host has, or the catalog will make, this user or group. */
  hasAccount(kind: 'user' | 'group', name: string): boolean;
  /** Whether it is left out as an owner, since what stands for the host does not have it. */
  isOwnerLeftOut(kind: 'user' | 'group', name: string): boolean;
  /** False under `--root`: nothing is run. */
  readonly live: boolean;
  /** Only resources with one of these tags are done; empty: all. */
  readonly tags: readonly string[];
  /** Resources that somebody else keeps changing. */
  readonly contested: readonly Address[];
  /** A person has confirmed this very plan, deletions included. */
  readonly isConfirmed: boolean;
}

/** Compares desired, actual and last applied, and says per resource what differs, why, and what will be done. Pure. */
export function makePlan(input: PlanInput): Plan & WithProblems {
  const { plan, found } = draft(input, noWay);
  const way = makeWay(found, plan.steps, input);
  return way.paths.size === 0 ? plan : draft(input, way).plan;
}

interface Draft {
  readonly plan: Plan & WithProblems;
  readonly found: readonly Objection[];
}

/** `way`: what is known to go before others get its place. */
function draft(input: PlanInput, way: Way): Draft {
  const { graph, observation, ledger, types, host } = input;
  const resources = graph.batches.flat();
  const observeOnly = new Set(resources.filter(({ mode }) => mode === 'observe').map(({ address }) => address));
  const owed = input.owed.filter((address) => !observeOnly.has(address));
  const levels = graph.batches.map((level) => level.flatMap((resource) => desiredStep(resource, input, observeOnly, way) ?? []));
  const wanted = new Set(resources.map(({ address }) => address));
  const { first, last } = orphansAround(levels.flat(), wanted, input, way);
  const alone = (orphan: LastApplied): Step[] => [orphanStep(orphan, input, way)];
  const marked = secretPathMarker(resources, ledger, types);
  const batches = [...first.map(alone), ...levels, ...last.map(alone)].map((batch) => batch.map(marked));
  const drafted = batches.flat();
  const found = drafted
    .filter(isDone)
    .flatMap((step) => objections(step, observation.byAddress.get(step.address)!, input))
    .filter(({ missing, step }) => missing === undefined || !isBrought(missing, step, batches))
    .filter(({ inTheWay }) => inTheWay === undefined || !way.paths.has(inTheWay));
  const unseen = observation.failures
    .filter(({ address }) => wanted.has(address))
    .map(({ address, message }): Problem => ({ code: 'unsafe-target', message: `cannot be inspected: ${message}`, address }));
  const problems = [...found.filter(({ step }) => wanted.has(step)).map(({ problem }) => problem), ...unseen];
  const steps = drafted.map((step) => (wanted.has(step.address) ? step : heldWhere(found, step)));
  const digest = digestOf({ host, done: steps.filter(isAwaited).map(digestedPart), owed });
  return { plan: { host, steps, batches: numbered(batches), owed, digest, problems }, found };
}

/** Git can no longer say what is to be done with what left it: that must not keep the host from everything else. */
function heldWhere(found: readonly Objection[], orphan: Step): Step {
  const against = found.find(({ step }) => step === orphan.address);
  if (!against) return orphan;
  return {
    ...orphan,
    refreshes: [],
    held: { reason: 'unremovable', message: `left git; not removed: ${against.problem.message}` },
  };
}

/** What has left git, in the order in which it goes: before all that git wants where something there needs that, else after it. */
function orphansAround(
  steps: readonly Step[],
  wanted: ReadonlySet<Address>,
  { ledger, types }: PlanInput,
  way: Way,
): { readonly first: readonly LastApplied[]; readonly last: readonly LastApplied[] } {
  // Deeper paths first, whatever their kinds: what stands in a directory goes before it.
  const orphans = neededLast(
    [...ledger.values()]
      .filter(({ address }) => !wanted.has(address))
      .toSorted((a, b) => (idIn(a.address) < idIn(b.address) ? 1 : -1)),
    types,
  );
  const removed = steps.filter((step) => isDone(step) && step.diff.action === 'remove');
  const goes = new Set([...way.first, ...removed.map(({ address }) => address)]);
  // Who requires what goes is before it in the list, and goes before that.
  for (const { address, kind, desired } of orphans.toReversed()) {
    const required = types(kind).requires?.(desired) ?? [];
    if (required.some((each) => goes.has(each))) goes.add(address);
  }
  return {
    first: orphans.filter(({ address }) => goes.has(address)),
    last: orphans.filter(({ address }) => !goes.has(address)),
  };
}

/** Whether what is missing for a step may be there by then. */
function isBrought(missing: string, before: Address, batches: readonly (readonly Step[])[]): boolean {
  const batch = batches.findIndex((steps) => steps.some(({ address }) => address === before));
  return batches.slice(0, batch).some((steps) => steps.some((step) => mayBring(step, missing)));
}

/** A removal that waits for a person has the same digest before and after the confirmation: `apply FILE` is the confirmation. */
const isAwaited = (step: Step): boolean => isDone(step) || step.held?.reason === 'prune';

const digestedPart = ({ address, diff, resource, refreshes }: Step): object => ({
  address,
  diff,
  desired: resource.digest,
  ...(refreshes.length > 0 && { refreshes: refreshes.toSorted() }),
});

/** The batches as the indexes of their steps. */
function numbered(batches: readonly (readonly Step[])[]): Plan['batches'] {
  let next = 0;
  return batches.filter((batch) => batch.length > 0).map((batch) => batch.map(() => next++));
}
