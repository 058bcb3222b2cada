import type { InventoryFiles, VariableFile } from '../model/documents.ts';
import { isObject } from '../model/json.ts';
import { ancestorsOf, directGroups, type InventoryDraft } from './inventory-draft.ts';
import type { Variable } from './inventory.ts';
import { variableAt } from './variable-at.ts';

type Layer = ReadonlyMap<string, Variable>;

/** The parts of `Inventory` that depend on who is in which group. */
interface HostVariables {
  groupNames(host: string): readonly string[];
  variables(host: string): Layer;
}

/**
 * Ansible's precedence: `all` in the inventory < its other groups < group_vars/all < other group_vars < the host in the
 * inventory < host_vars. Groups in the order of depth, priority, name. A later value replaces an earlier one whole.
 * Hosts in the same groups share the merged variables of these groups.
 */
export function mergeVariables(draft: InventoryDraft, files: Pick<InventoryFiles, 'groupVars' | 'hostVars'>): HostVariables {
  const groupFiles = layersByName(files.groupVars);
  const hostFiles = layersByName(files.hostVars);
  const depths = groupDepths(draft);
  const direct = directGroups(draft);
  const known = new Map<string, Layer>();
  const groupLayers = new Map<string, Layer>();

  const groupsOf = (host: string): readonly string[] => {
    const names = ancestorsOf(draft, direct.get(host) ?? []);
    names.delete('all');
    // Even where a group of theirs stands below `ungrouped`, as in Ansible.
    if (draft.leftUngrouped.has(host)) names.delete('ungrouped');
    return [...names].sort();
  };

  function mergeGroups(names: readonly string[]): Layer {
    const key = names.join('\0');
    const found = groupLayers.get(key);
    if (found) return found;
    const rank = (name: string): readonly [number, number] => [depths.get(name) ?? 0, draft.groups.get(name)?.priority ?? 1];
    const ordered = [...names].sort((a, b) => {
      const [depthA, priorityA] = rank(a);
      const [depthB, priorityB] = rank(b);
      return depthA - depthB || priorityA - priorityB || (a < b ? -1 : 1);
    });
    const inline = ['all', ...ordered].map((name) => draft.groups.get(name)?.vars ?? new Map<string, Variable>());
    const merged = mergeLayers([...inline, ...['all', ...ordered].flatMap((name) => groupFiles.get(name) ?? [])]);
    groupLayers.set(key, merged);
    return merged;
  }

  return {
    groupNames: groupsOf,
    variables(host) {
      const own = draft.hosts.get(host);
      if (!own) return new Map();
      const found = known.get(host);
      if (found) return found;
      const merged = mergeLayers([mergeGroups(groupsOf(host)), own, ...(hostFiles.get(host) ?? [])]);
      known.set(host, merged);
      return merged;
    },
  };
}

function mergeLayers(layers: readonly Layer[]): Layer {
  const merged = new Map<string, Variable>();
  for (const layer of layers) for (const [name, variable] of layer) merged.set(name, variable);
  return merged;
}

function layersByName(files: readonly VariableFile[]): ReadonlyMap<string, readonly Layer[]> {
  const layers = new Map<string, Layer[]>();
  for (const { name, loaded } of files) {
    if (!isObject(loaded.value)) continue;
    const entries = Object.entries(loaded.value);
    const layer = new Map(entries.map(([key, value]) => [key, variableAt(loaded, [key], value, loaded.file)] as const));
    layers.set(name, [...(layers.get(name) ?? []), layer]);
  }
  return layers;
}

/** The longest way down to each group. */
function groupDepths({ groups }: InventoryDraft): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const waiting = new Map([...groups.values()].map(({ name, parents }) => [name, parents.size] as const));
  const ready = [...waiting].flatMap(([name, count]) => (count === 0 ? [name] : []));
  for (let name = ready.pop(); name !== undefined; name = ready.pop()) {
    const depth = depths.get(name) ?? 0;
    depths.set(name, depth);
    for (const child of groups.get(name)?.children ?? []) {
      depths.set(child, Math.max(depths.get(child) ?? 0, depth + 1));
      const left = (waiting.get(child) ?? 1) - 1;
      waiting.set(child, left);
      if (left === 0) ready.push(child);
    }
  }
  return depths;
}
