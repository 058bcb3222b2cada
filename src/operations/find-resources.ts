import type { CatalogResource } from '../model/catalog.ts';
import { resourceType } from '../resources/registry.ts';

/** What of a resource is looked at; what left git has no more than that. */
type Findable = Pick<CatalogResource, 'address' | 'kind' | 'id' | 'desired'>;

/** What `findResources` found. */
interface Found<R> {
  readonly resources: readonly R[];
  /** Not exact: they only stand above the path. */
  readonly isExact: boolean;
}

/**
 * The resources that a person means: one by its address, or all that manage a path, be it as their own or as one of the
 * files of a tree, or all that have a word as a name, or whose name ends with it. For a path that nothing manages, the nearest tree
 * or directory above it.
 */
export function findResources<R extends Findable>(resources: readonly R[], target: string): Found<R> {
  const named = resources.filter(({ address }) => address === target);
  if (named.length > 0) return { resources: named, isExact: true };
  const [, kindOf, word] = /^(\w+)\[(.*)\]$/.exec(target) ?? [];
  if (word !== undefined)
    return { resources: resources.filter(({ id, kind }) => kind === kindOf && id.endsWith(`/${word}`)), isExact: true };
  const path = target.length > 1 ? target.replace(/\/+$/, '') : target;
  const own = resources.filter(
    ({ id, kind, desired }) => id === path || isNamed(desired, path) || watched(kind, desired).includes(path),
  );
  if (own.length > 0) return { resources: own, isExact: true };
  if (!path.startsWith('/')) return { resources: resources.filter(({ id }) => id.endsWith(`/${path}`)), isExact: true };
  const above = resources.filter(({ id }) => id.startsWith('/') && path.startsWith(`${id}/`));
  const longest = Math.max(...above.map(({ id }) => id.length));
  return { resources: above.filter(({ id }) => id.length === longest), isExact: false };
}

/** A unit with its suffix, one of several packages. */
function isNamed(desired: object, word: string): boolean {
  const { name, names } = desired as { readonly name?: unknown; readonly names?: unknown };
  return name === word || (Array.isArray(names) && names.includes(word));
}

/** A watched directory ends in "/". */
const watched = (kind: string, desired: object): readonly string[] =>
  resourceType(kind)
    .watches?.(desired)
    ?.map((path) => path.replace(/\/$/, '')) ?? [];
