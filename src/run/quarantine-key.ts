import type { Catalog } from '../model/catalog.ts';
import { digestOf } from '../model/json.ts';
import type { Revision } from '../model/revision.ts';

/**
 * What is quarantined when a run fails: the revision for this host, however the host was named, and whatever else has moved there
 * since. A working tree has no name, and its files may be written without being changed: there it is what was compiled from it.
 */
export const quarantineKey = ({ workingTree, key }: Pick<Revision, 'workingTree' | 'key'>, catalog: Catalog): string =>
  digestOf({ host: catalog.host, of: workingTree ? compiled(catalog) : key });

/** `digest` stands for `desired`. Where it is written does not matter. */
const compiled = ({ resources, health }: Catalog): object => ({
  resources: resources.map((resource) => ({ ...resource, desired: undefined, origin: undefined })),
  health,
});
