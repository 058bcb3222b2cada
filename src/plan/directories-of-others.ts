import { dirname } from 'node:path/posix';
import type { CatalogResource } from '../model/catalog.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import type { Graph } from './graph.ts';
import { isGone } from './is-gone.ts';

/** All that are above a path at which another resource wants something. A directory waits for what is to go, too, and a tree does not. */
export function directoriesOfOthers(
  { address, kind }: Pick<CatalogResource, 'address' | 'kind'>,
  { claims, shared, batches }: Graph,
  types: (kind: string) => AnyResourceType,
): ReadonlySet<string> {
  const found = new Set<string>();
  const goesBefore = (other: CatalogResource): boolean => kind === 'directory' && isGone(other, types);
  const without = new Set([address, ...batches.flat().flatMap((other) => (goesBefore(other) ? [other.address] : []))]);
  const others = [...claims].flatMap(([path, owner]) => (without.has(owner) ? [] : [path]));
  for (const path of [...others, ...shared])
    for (let above = dirname(path); !found.has(above); above = dirname(above)) found.add(above);
  return found;
}
