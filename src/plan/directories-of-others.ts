import { dirname } from 'node:path/posix';
import type { CatalogResource } from '../model/catalog.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import type { Graph } from './graph.ts';
import { isGone } from './is-gone.ts';

/** All that are above a path at which another resource wants something. What is to go there keeps none but a tree, which does not wait for it. */
export function directoriesOfOthers(
  { address, kind }: Pick<CatalogResource, 'address' | 'kind'>,
  { claims, shared, batches }: Graph,
  types: (kind: string) => AnyResourceType,
): ReadonlySet<string> {
  const found = new Set<string>();
  const goesBefore = (other: CatalogResource): boolean => kind !== 'tree' && isGone(other, types);
  const without = new Set([address, ...batches.flat().flatMap((other) => (goesBefore(other) ? [other.address] : []))]);
  const others = [...claims].flatMap(([path, owner]) => (without.has(owner) ? [] : [path]));
  for (const path of [...others, ...shared])
    for (let above = dirname(path); !found.has(above); above = dirname(above)) found.add(above);
  return found;
}
