import { isDeepStrictEqual } from 'node:util';
import type { CatalogResource } from '../model/catalog.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';

/** Whether git itself wants nothing to be there. */
export function isGone({ kind, desired }: CatalogResource, types: (kind: string) => AnyResourceType): boolean {
  const { ensure } = desired as { readonly ensure?: unknown };
  return ensure === 'absent' || isDeepStrictEqual(types(kind).absent?.(desired), desired);
}
