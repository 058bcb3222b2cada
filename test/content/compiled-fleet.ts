import { resolve } from 'node:path';
import { compile } from '../../src/compile/compile.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import type { Catalog, CatalogResource, ContentRef } from '../../src/model/catalog.ts';
import type { SiteDocument } from '../../src/model/document.ts';
import { Secret, type Secrets } from '../../src/model/secret.ts';
import { loadResourceTypes } from '../../src/resources/registry.ts';
import { loadDocuments } from '../../src/source/load.ts';
import { openWorkingTree } from '../../src/source/working-tree.ts';

await loadResourceTypes();
const { files } = openWorkingTree(resolve(import.meta.dirname, '../..'));
export const documents = loadDocuments(files);
export const inventory = readInventory(documents.inventory);

/** The repository's own content, compiled for one of its hosts, with these secrets; with other roles than the site gives it. */
export function compileFleetHost(
  host: string,
  secrets: { readonly [name: string]: string } = {},
  roles?: SiteDocument['assignments'][number]['roles'],
): Catalog {
  const opened: Secrets = {
    names: Object.keys(secrets),
    get: (name) => (secrets[name] === undefined ? undefined : Secret.of(secrets[name])),
    vault: () => ({ unreadable: 'this test has no vault password' }),
    opened: () => [],
  };
  const site = documents.site!;
  const assignments = roles && [{ ...site.value.assignments[0]!, hosts: host, roles: [...roles], resources: [] }];
  const own = assignments ? { ...documents, site: { ...site, value: { ...site.value, assignments } } } : documents;
  return compile(own, inventory, {
    host,
    facts: {},
    secrets: opened,
    revision: { id: '0'.repeat(40), short: '0000000', author: 'A. Operator', time: '2026-11-20T12:00:00Z' },
  });
}

export const catalogs = new Map(inventory.hosts.map((host) => [host, compileFleetHost(host)]));

export function catalogOf(host: string): Catalog {
  const catalog = catalogs.get(host);
  if (!catalog) throw new Error(`the inventory has no ${host}`);
  return catalog;
}

/** A variable of the host after all layers, where it is no template. */
export const variable = (host: string, name: string): unknown => inventory.variables(host).get(name)?.value;

export const ofKind = (catalog: Catalog, kind: string): readonly CatalogResource[] =>
  catalog.resources.filter((resource) => resource.kind === kind);

/** The text of every whole file that the catalog makes, by path. */
export function filesOf(catalog: Catalog): ReadonlyMap<string, { readonly text: string; readonly mode: string }> {
  return new Map(
    ofKind(catalog, 'file').flatMap(({ id, desired }) => {
      const { content, mode } = desired as { content?: ContentRef; mode: string };
      return content ? [[id, { text: catalog.contents.read(content).toString(), mode }] as const] : [];
    }),
  );
}

/** The one file whose path ends so. */
export function fileOf(
  catalog: Catalog,
  ending: string,
): { readonly text: string; readonly mode: string; readonly path: string } {
  const found = [...filesOf(catalog)].filter(([path]) => path.endsWith(ending));
  if (found.length !== 1) throw new Error(`${catalog.host} has ${found.length} files ${ending}`);
  return { path: found[0]![0], ...found[0]![1] };
}
