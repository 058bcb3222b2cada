import type { Address } from '../model/catalog.ts';
import type { LastApplied } from '../model/last-applied.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';

/**
 * The parts of a resource that this program made. Of those that it has known before the ledger says so; others are what did not
 * stand (`stood`; undefined: all of them did), or what another resource made that had it before.
 */
export function madeOf(
  { address, kind, desired }: Pick<LastApplied, 'address' | 'kind' | 'desired'>,
  { parts }: AnyResourceType,
  ledger: ReadonlyMap<Address, LastApplied>,
  stood: readonly string[] | undefined,
): readonly string[] {
  const wanted = parts?.of(desired) ?? [];
  if (!parts || wanted.length === 0) return [];
  const last = ledger.get(address);
  const known = new Set(last && parts.of(last.desired));
  const passedOn = new Set([...ledger.values()].filter((entry) => entry.kind === kind).flatMap(({ made }) => made));
  return wanted.filter((part) =>
    known.has(part) ? last?.made.includes(part) : passedOn.has(part) || stood?.includes(part) === false,
  );
}

/** What "gone" looks like for a resource that left git. Undefined: it is only forgotten. */
export const prunedOf = ({ desired, made }: LastApplied, { parts, absent }: AnyResourceType): object | undefined =>
  parts ? (parts.pruned(desired, made) as object | undefined) : (absent?.(desired) as object | undefined);
