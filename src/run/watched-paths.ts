import type { Catalog } from '../model/catalog.ts';
import { groupFile, passwdFile } from '../resources/account-files.ts';
import { resourceType } from '../resources/registry.ts';

/** Every path whose signature says whether something moved: those of the resources, and the files that say who their owners are. */
export function watchedPaths({ resources }: Catalog): string[] {
  const names = (attribute: string): boolean => resources.some(({ desired }) => isNamed(desired, attribute));
  return [
    ...resources.flatMap(({ kind, desired }) => resourceType(kind).watches?.(desired) ?? []),
    ...(names('owner') || names('user') ? [passwdFile] : []),
    ...(names('group') ? [groupFile] : []),
  ];
}

/** Root is the same everywhere. */
function isNamed(desired: object, attribute: string): boolean {
  const name = (desired as { readonly [attribute: string]: unknown })[attribute];
  return typeof name === 'string' && name !== 'root';
}
