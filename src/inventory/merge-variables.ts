import type { InventoryFiles, VariableFile } from '../model/documents.ts';
import { isObject } from '../model/json.ts';
import { ancestorsOf, directGroups, type InventoryDraft } from './inventory-draft.ts';
import type { Inventory, Variable } from './inventory.ts';
import { variableAt } from './variable-at.ts';

type Layer = ReadonlyMap<string, Variable>;

/** The parts of `Inventory` that depend on who is in which group. */
type HostVariables = Pick<Inventory, 'groupNames' | 'variables' | 'problemsOf'>;

/**
 * Ansible's precedence: `all` in the inventory < its other groups < group_vars/all < other group_vars < the host in the
 * inventory < host_vars. Groups in the order of depth, priority, name. A later value replaces an earlier one whole.
 * Hosts in the same groups share the merged variables of these groups.
 */
export function mergeVariables(draft: InventoryDraft, files: Pick<InventoryFiles, 'groupVars' | 'hostVars'>): HostVariables {
  const groupFiles = filesByName(files.groupVars);
  const hostFiles = filesByName(files.hostVars);
  const depths = groupDepths(draft);
  const direct = directGroups(draft);
  const known = new Map<string, Layer>();
  const fileLayers = new Map<VariableFile, Layer>();
  const groupLayers = new Map<string, Layer>();

  const groupsOf = (host: string): readonly string[] => {
    const names = ancestorsOf(draft, direct.get(host) ?? []);
    names.delete('all');
    // Even where a group of theirs stands below `ungrouped`, as in Ansible.
    if (draft.leftUngrouped.has(host)) names.delete('ungrouped');
    return [...names].sort();
  };

  const layerOf = (file: VariableFile): Layer => {
    const layer = fileLayers.get(file) ?? readLayer(file);
    fileLayers.set(file, layer);
    return layer;
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
    const merged = mergeLayers([...inline, ...['all', ...ordered].flatMap((name) => (groupFiles.get(name) ?? []).map(layerOf))]);
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
      const merged = mergeLayers([mergeGroups(groupsOf(host)), own, ...(hostFiles.get(host) ?? []).map(layerOf)]);
      known.set(host, merged);
      return merged;
    },
    problemsOf(host) {
      const ofGroups = draft.hosts.has(host) ? ['all', ...groupsOf(host)].flatMap((name) => groupFiles.get(name) ?? []) : [];
      return [...ofGroups, ...(hostFiles.get(host) ?? [])].flatMap((file) => file.open().problems);
    },
  };
}

function mergeLayers(layers: readonly Layer[]): Layer {
  const merged = new Map<string, Variable>();
  for (const layer of layers) for (const [name, variable] of layer) merged.set(name, variable);
  return merged;
}

const filesByName = (files: readonly VariableFile[]): ReadonlyMap<string, readonly VariableFile[]> =>
  Map.groupBy(files, ({ name }) => name);

function readLayer(file: VariableFile): Layer {
  const { loaded } = file.open();
  if (!loaded || !isObject(loaded.value)) return new Map();
  const entries = Object.entries(loaded.value);
  return new Map(entries.map(([key, value]) => [key, variableAt(loaded, [key], value, loaded.file)] as const));
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
