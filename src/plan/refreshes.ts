import type { Address, CatalogResource } from '../model/catalog.ts';
import type { LastApplied } from '../model/last-applied.ts';
import type { Change, Plan } from '../model/plan.ts';
import type { Graph } from './graph.ts';
import type { PlanInput } from './make-plan.ts';

/** Whom a step tells that changes what git wants. */
export function refreshesOf(
  resource: CatalogResource,
  changes: readonly Change[],
  input: PlanInput,
  observeOnly: ReadonlySet<Address>,
): readonly Address[] {
  return [...new Set([...resource.notify.filter((notified) => !observeOnly.has(notified)), ...itself(resource, changes, input)])];
}

const itself = (
  { address, kind, desired }: CatalogResource,
  changes: readonly Change[],
  { types, live }: PlanInput,
): readonly Address[] => (live && types(kind).refreshesItself?.(desired, changes) === true ? [address] : []);

/** Whom what leaves git has notified, and who is still there. What goes on without what it had in git is told itself. */
export function refreshesLeft(
  { notify }: LastApplied,
  resource: CatalogResource,
  changes: readonly Change[],
  input: PlanInput,
): readonly Address[] {
  const { graph, types } = input;
  const told = notify.length === 0 ? [] : graph.batches.flat().filter(({ address }) => notify.includes(address));
  return [
    ...told.filter(({ kind, mode }) => mode !== 'observe' && types(kind).refresh).map(({ address }) => address),
    ...itself(resource, changes, input),
  ];
}

/** All that a plan may refresh, in the catalog's order, with what leaves git. */
export const refreshable = ({ batches }: Graph, { steps }: Plan): readonly CatalogResource[] => [
  ...batches.flat(),
  ...steps.filter(({ cause }) => cause === 'orphan').map(({ resource }) => resource),
];
