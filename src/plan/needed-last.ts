import type { LastApplied } from '../model/last-applied.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';

/** The order of removal: who requires something goes before it, as a user before its group. Else the order stays. */
export function neededLast(orphans: readonly LastApplied[], types: (kind: string) => AnyResourceType): readonly LastApplied[] {
  const needing = new Map<string, LastApplied[]>();
  for (const orphan of orphans)
    for (const address of types(orphan.kind).requires?.(orphan.desired) ?? [])
      needing.set(address, [...(needing.get(address) ?? []), orphan]);
  const sorted: LastApplied[] = [];
  const visited = new Set<LastApplied>();
  const add = (orphan: LastApplied): void => {
    if (visited.has(orphan)) return;
    visited.add(orphan);
    needing.get(orphan.address)?.forEach(add);
    sorted.push(orphan);
  };
  orphans.forEach(add);
  return sorted;
}
