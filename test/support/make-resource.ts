import type { CatalogResource } from '../../src/model/catalog.ts';
import { digestOf } from '../../src/model/json.ts';
import { holdsSecret } from '../../src/model/secret.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';
import { specOf } from '../../src/resources/spec-of.ts';
import type { ContentMemory, Sources } from './content-memory.ts';

/** One resource of a catalog, prepared as compile does it, from sources in memory. A problem is thrown. */
export function makeResource(
  type: AnyResourceType,
  attributes: object,
  sources: Sources,
  { prepareContext }: ContentMemory,
): CatalogResource {
  const context = prepareContext(sources, (attribute, message) => {
    throw new Error(`${attribute}: ${message}`);
  });
  const parsed = specOf(type).parse(attributes);
  const desired = type.prepare(parsed, context) as object;
  const id = type.identify(parsed);
  return {
    address: `${type.kind}[${id}]`,
    kind: type.kind,
    id,
    desired,
    digest: digestOf(desired),
    origin: { at: { file: 'roles/rig/role.yaml', line: 1, column: 1 }, assignment: 0, variables: [] },
    after: [],
    notify: [],
    tags: [],
    onDrift: 'heal',
    prune: 'yes',
    sensitive: holdsSecret(desired),
    mode: 'enforce',
  };
}
