import { compile, type CompileRequest } from '../../src/compile/compile.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import type { Catalog, CatalogResource } from '../../src/model/catalog.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { loadResourceTypes } from '../../src/resources/registry.ts';
import { loadDocuments } from '../../src/source/load.ts';
import { memoryTree } from '../inventory/memory-tree.ts';
import { someSecrets } from './template-rig.ts';

interface Compiled {
  readonly catalog: Catalog;
  readonly addresses: readonly string[];
  /** As they are shown to people. */
  readonly problems: readonly string[];
  resource(address: string): CatalogResource;
  /** The rendered text of a `file`. */
  text(address: string): string;
}

await loadResourceTypes();

const inventory = `
all:
  vars: { home: /srv/app }
  children:
    web: { hosts: { one: { port: 8080 }, two: { port: 8081 } } }
    db: { hosts: { three: {} } }
`;

/** Compiles a repository for host `one` of groups `web`, with `two` beside it and `three` in `db`. Every file must load. */
export function compileFiles(files: { readonly [path: string]: string }, request: Partial<CompileRequest> = {}): Compiled {
  const documents = loadDocuments(memoryTree({ 'inventory/hosts.yml': inventory, ...files }));
  const hosts = readInventory(documents.inventory);
  const unread = [...documents.problems, ...hosts.problems];
  if (unread.length > 0) throw new Error(unread.map(formatProblem).join('\n'));
  const catalog = compile(documents, hosts, {
    host: 'one',
    facts: { os: 'debian' },
    secrets: someSecrets,
    revision: { id: 'abc123', short: 'abc', author: 'Ann', time: '2026-11-20T00:00:00Z' },
    ...request,
  });
  const resource = (address: string): CatalogResource => {
    const found = catalog.resources.find((entry) => entry.address === address);
    if (!found) throw new Error(`no ${address} in ${catalog.resources.map((entry) => entry.address).join(', ')}`);
    return found;
  };
  return {
    catalog,
    addresses: catalog.resources.map(({ address }) => address),
    problems: catalog.problems.map(formatProblem),
    resource,
    text(address) {
      const { content } = resource(address).desired as { readonly content: Parameters<Catalog['contents']['read']>[0] };
      return catalog.contents.read(content).toString();
    },
  };
}

/** `site.yaml` whose one assignment gives these resources to every host. YAML, one list item each, not indented. */
export const siteOf = (resources: string): { readonly [path: string]: string } => ({
  'desired-state/site.yaml': `assignments:\n  - hosts: all\n    resources:\n${resources.trim().replaceAll(/^/gm, '      ')}\n`,
});
