import type { CatalogResource } from '../model/catalog.ts';
import { findResourceType } from '../resources/registry.ts';

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
 * files of a tree (without a slash at its end), or all that have a word as a name, or whose name ends with it. For a path that nothing manages, the nearest tree
 * or directory above it.
 */
export function findResources<R extends Findable>(resources: readonly R[], target: string): Found<R> {
  const named = resources.filter(({ address }) => address === target);
  if (named.length > 0) return { resources: named, isExact: true };
  const [, kindOf, word] = /^(\w+)\[(.*)\]$/.exec(target) ?? [];
  if (word !== undefined)
    return { resources: resources.filter(({ id, kind }) => kind === kindOf && id.endsWith(`/${word}`)), isExact: true };
  const own = resources.filter(
    ({ id, kind, desired }) => id === target || isNamed(desired, target) || watched(kind, desired).includes(target),
  );
  if (own.length > 0) return { resources: own, isExact: true };
  if (!target.startsWith('/')) return { resources: resources.filter(({ id }) => id.endsWith(`/${target}`)), isExact: true };
  const above = resources.filter(({ id }) => id.startsWith('/') && target.startsWith(`${id}/`));
  const longest = Math.max(...above.map(({ id }) => id.length));
  return { resources: above.filter(({ id }) => id.length === longest), isExact: false };
}

/** A unit with its suffix, one of several packages. */
function isNamed(desired: object, word: string): boolean {
  const { name, names } = desired as { readonly name?: unknown; readonly names?: unknown };
  return name === word || (Array.isArray(names) && names.includes(word));
}

/** Of the kinds that were loaded: what another version applied can be of none that there is. A watched directory ends in "/". */
const watched = (kind: string, desired: object): readonly string[] =>
  findResourceType(kind)
    ?.watches?.(desired)
    ?.map((path) => path.replace(/\/$/, '')) ?? [];
