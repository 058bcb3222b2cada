import { dirname } from 'node:path/posix';
import type { Catalog, CatalogResource } from '../model/catalog.ts';
import type { Problem } from '../model/problem.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import type { Graph } from './graph.ts';
import { isGone } from './is-gone.ts';

/**
 * Paths below one that another resource makes a file or a link, or wants no directory to be: they can never be applied. Looks at every path, and is asked where a
 * catalog is compiled, not where a run trusts one that was judged.
 */
export function belowFiles(
  { resources }: Pick<Catalog, 'resources'>,
  { owners }: Pick<Graph, 'owners'>,
  types: (kind: string) => AnyResourceType,
): readonly Problem[] {
  const keyed = new Map<string, CatalogResource>();
  const directories: (readonly [string, CatalogResource])[] = [];
  for (const resource of resources) {
    const type = types(resource.kind);
    const path = type.owns ? undefined : type.sharedFile?.(resource.desired);
    if (path !== undefined) keyed.set(path, resource);
    if (resource.kind !== 'directory') continue;
    if (isGone(resource, types)) keyed.set(resource.id, resource);
    else directories.push([resource.id, resource]);
  }
  const upperAt = (path: string): CatalogResource | undefined => {
    const owner = owners.get(path);
    return owner && !isGone(owner, types) ? owner : keyed.get(path);
  };
  /** By directory, the nearest path of a resource there or above; null where there is none. */
  const known = new Map<string, string | null>([
    ['/', null],
    ['.', null],
  ]);
  const nearest = (directory: string): string | null => {
    let found = known.get(directory);
    if (found !== undefined) return found;
    found = upperAt(directory) ? directory : nearest(dirname(directory));
    known.set(directory, found);
    return found;
  };
  const problems: Problem[] = [];
  for (const entries of [owners, keyed, directories])
    for (const [path, resource] of entries) {
      const above = nearest(dirname(path));
      if (above === null) continue;
      const other = upperAt(above)!;
      if (other === resource || isGone(resource, types)) continue;
      if (other.kind !== 'directory' && !isNoDirectory(above, other, types(other.kind))) continue;
      problems.push(problem(path, resource, above, other));
    }
  return problems;
}

/** What is owned and not watched itself is looked into: a checkout, an archive that was unpacked. */
const isNoDirectory = (path: string, { desired }: CatalogResource, type: AnyResourceType): boolean =>
  type.watches?.(desired)?.includes(path) ?? false;

const problem = (path: string, lower: CatalogResource, above: string, upper: CatalogResource): Problem => ({
  code: 'below-file',
  message: `${path} (${lower.address}) lies below ${above}, which ${upper.address} makes no directory`,
  at: lower.origin.at,
  related: [upper.origin.at],
  address: lower.address,
  hint: 'move one of them',
});
