import type { CatalogResource } from './model/catalog.ts';
import { resourceType } from './resources/registry.ts';

/**
 * The resources that a person means: one by its address, or all that manage a path, be it as their own or as one of the
 * files of a tree. A path that nothing manages belongs to the nearest tree or directory above it.
 */
export function findResources(resources: readonly CatalogResource[], target: string): readonly CatalogResource[] {
  const named = resources.filter(({ address }) => address === target);
  if (named.length > 0) return named;
  const path = target.length > 1 ? target.replace(/\/+$/, '') : target;
  const own = resources.filter(({ id, kind, desired }) => id === path || watched(kind, desired).includes(path));
  if (own.length > 0 || !path.startsWith('/')) return own;
  const above = resources.filter(({ id }) => id.startsWith('/') && path.startsWith(`${id}/`));
  const longest = Math.max(...above.map(({ id }) => id.length));
  return above.filter(({ id }) => id.length === longest);
}

/** A watched directory ends in "/". */
const watched = (kind: string, desired: object): readonly string[] =>
  resourceType(kind)
    .watches?.(desired)
    ?.map((path) => path.replace(/\/$/, '')) ?? [];
