import type { InventoryFiles } from '../model/documents.ts';
import { inventoryAsYaml } from '../model/inventory-as-yaml.ts';
import type { Problem } from '../model/problem.ts';
import type { SourceTree } from '../model/revision.ts';

/** The problem of a repository without an inventory; what Ansible passes over in the directory is named. */
export function missingInventory({ inventories, problems }: InventoryFiles, files: SourceTree): readonly Problem[] {
  if (inventories.length + problems.length > 0) return [];
  const at = { file: 'inventory/hosts.yml', line: 1, column: 1 };
  const ini = files.list('inventory').find(({ path }) => path.endsWith('.ini'))?.path;
  const hint =
    ini === undefined
      ? 'list the hosts in it, as an Ansible inventory does'
      : `\`${inventoryAsYaml(ini)} > inventory/hosts.yml\` makes one of what you have`;
  return [{ code: 'missing-file', message: 'the repository has no inventory', at, hint }];
}
