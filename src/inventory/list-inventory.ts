import type { VariableValue } from '../model/documents.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { Secret } from '../model/secret.ts';
import { hostsInGroup } from './group-hosts.ts';
import type { Inventory } from './inventory.ts';

/** Names that Ansible gives values itself; `ansible-inventory` never prints them. */
// prettier-ignore
const internalNames = new Set([
  'ansible_diff_mode', 'ansible_config_file', 'ansible_facts', 'ansible_forks',
  'ansible_inventory_sources', 'ansible_limit', 'ansible_playbook_python', 'ansible_run_tags', 'ansible_skip_tags',
  'ansible_verbosity', 'ansible_version', 'inventory_dir', 'inventory_file', 'inventory_hostname',
  'inventory_hostname_short', 'groups', 'group_names', 'omit', 'playbook_dir',
]);

/** What `ansible-inventory --list` prints. Encrypted values stay encrypted; those of files that are encrypted as a whole are `<secret>`. */
export function listInventory(inventory: Inventory): JsonObject {
  const groups = [...inventory.groups.values()].flatMap(({ name, children, hosts }) => {
    const content: JsonObject = {
      ...(children.length > 0 && { children }),
      ...(hosts.length > 0 && name !== 'all' && { hosts }),
    };
    return Object.keys(content).length > 0 ? [[name, content] as const] : [];
  });
  const variables = hostsInGroup(inventory, 'all').map((host) => [host, listHost(inventory, host)] as const);
  const hostvars = sortedObject(
    variables.filter(([, values]) => values && Object.keys(values).length > 0) as [string, JsonObject][],
  );
  return sortedObject([['_meta', { hostvars }], ...groups]);
}

/** What `ansible-inventory --host NAME` prints; undefined for an unknown host. */
export function listHost(inventory: Inventory, host: string): JsonObject | undefined {
  if (!inventory.hosts.includes(host)) return undefined;
  const variables = [...inventory.variables(host)].filter(([name]) => !internalNames.has(name));
  return sortedObject(variables.map(([name, { value }]) => [name, shown(value)]));
}

/** What `ansible-inventory --graph [GROUP]` prints; undefined for an unknown group. */
export function graphInventory({ groups }: Inventory, name = 'all'): string | undefined {
  if (!groups.has(name)) return undefined;
  const lines: string[] = [];
  let length = 0;
  const line = (text: string, depth: number): void => {
    lines.push(depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`);
    length += lines.at(-1)!.length;
  };
  const draw = (group: string, depth: number): void => {
    const { children = [], hosts = [] } = groups.get(group) ?? {};
    line(`@${group}:`, depth);
    // Groups that share descendants are drawn again under each; a few dozen such levels would fill the disk.
    if (length > longestGraph) return line('(cut off)', depth + 1);
    for (const child of children) draw(child, depth + 1);
    if (group !== 'all') for (const host of hosts) line(host, depth + 1);
  };
  draw(name, 0);
  return lines.join('\n');
}

/** Characters. */
const longestGraph = 8 * 1024 * 1024;

function shown(value: VariableValue): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Secret) return value.toString();
  if (Array.isArray(value)) return value.map((member: VariableValue) => shown(member));
  return sortedObject(Object.entries(value).map(([key, member]) => [key, shown(member)]));
}

const sortedObject = (entries: readonly (readonly [string, Json])[]): JsonObject =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
