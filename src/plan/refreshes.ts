import type { Address, CatalogResource } from '../model/catalog.ts';
import type { LastApplied } from '../model/last-applied.ts';
import type { Change } from '../model/plan.ts';
import type { PlanInput } from './make-plan.ts';

/** Whom a step tells that changes what git wants. */
export function refreshesOf(
  { notify, address, kind, desired }: CatalogResource,
  changes: readonly Change[],
  { types, live }: PlanInput,
  observeOnly: ReadonlySet<Address>,
): readonly Address[] {
  const itself = live && types(kind).refreshesItself?.(desired, changes) === true ? [address] : [];
  return [...new Set([...notify.filter((notified) => !observeOnly.has(notified)), ...itself])];
}

/** Whom what leaves git has notified, and who is still there. */
export function refreshesLeft({ notify }: LastApplied, { graph, types }: PlanInput): readonly Address[] {
  if (notify.length === 0) return [];
  const told = graph.batches.flat().filter(({ address }) => notify.includes(address));
  return told.filter(({ kind, mode }) => mode !== 'observe' && types(kind).refresh).map(({ address }) => address);
}
