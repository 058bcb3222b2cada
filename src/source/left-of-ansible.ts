import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inventoryAsYaml } from '../model/inventory-as-yaml.ts';
import { listed } from '../model/listed.ts';
import type { SourceTree } from '../model/revision.ts';

const ofRoles = ['tasks', 'handlers', 'defaults', 'vars'] as const;
const variables = ['group_vars', 'host_vars'] as const;
const inventories = ['hosts', 'hosts.ini', 'hosts.yml', 'hosts.yaml', 'inventory.ini', 'inventory.yml', 'inventories'] as const;
const playbooks = ['playbooks', 'site.yml', 'playbook.yml'] as const;

/**
 * What Ansible would read in the repository at `root` and nothing here does, a line for each sort. It is no mistake: a repository may
 * serve both.
 */
export function leftOfAnsible(root: string, files: SourceTree): readonly string[] {
  const directories = (below: string, form: RegExp): readonly string[] => [
    ...new Set(files.list(below).flatMap(({ path }) => form.exec(path)?.[0] ?? [])),
  ];
  const atTop = (names: readonly string[]): readonly string[] => names.filter((name) => existsSync(join(root, name)));
  const line = (names: readonly string[], what: string): readonly string[] =>
    names.length === 0 ? [] : [`not read: ${listed(names)}; ${what}`];
  const foreign = [...atTop(variables), ...directories('inventory', /^inventory\/.+?\/(?:group|host)_vars(?=\/)/)];
  const tasks = [...atTop(playbooks), ...directories('roles', new RegExp(`^roles/[^/]+/(?:${ofRoles.join('|')})(?=/)`))];
  const beside = atTop(inventories);
  return [
    ...line(beside, `the inventory stands in inventory/; \`${inventoryAsYaml('FILE')}\` writes one as YAML`),
    ...line(foreign, 'variables are taken from inventory/group_vars and inventory/host_vars'),
    ...line(tasks, 'what Ansible does by these is said in role.yaml and desired-state/site.yaml here'),
  ];
}
