import type { Problem } from '../model/problem.ts';
import type { Variable } from './inventory.ts';

/** A group while inventories are being read. */
export interface DraftGroup {
  readonly name: string;
  readonly children: Set<string>;
  readonly parents: Set<string>;
  readonly hosts: Set<string>;
  readonly vars: Map<string, Variable>;
  priority: number;
}

/** What all inventory files together have said so far; groups and hosts in the order of their first mention. */
export interface InventoryDraft {
  readonly groups: Map<string, DraftGroup>;
  readonly hosts: Map<string, Map<string, Variable>>;
  readonly misnamed: Map<string, Problem>;
  /** How often hosts were named, ranges expanded. */
  mentions: number;
  /** Hosts that were listed in `ungrouped` without belonging there. */
  readonly leftUngrouped: Set<string>;
}

/** The two groups that always exist. */
export function emptyDraft(): InventoryDraft {
  const draft: InventoryDraft = {
    groups: new Map(),
    hosts: new Map(),
    misnamed: new Map(),
    mentions: 0,
    leftUngrouped: new Set(),
  };
  addGroup(draft, 'all');
  addGroup(draft, 'ungrouped');
  addChild(draft, 'all', 'ungrouped');
  return draft;
}

export function addGroup({ groups }: InventoryDraft, name: string): DraftGroup {
  const known = groups.get(name);
  if (known) return known;
  const group = {
    name,
    children: new Set<string>(),
    parents: new Set<string>(),
    hosts: new Set<string>(),
    vars: new Map(),
    priority: 1,
  };
  groups.set(name, group);
  return group;
}

/** Adds the edge, unless it closes a circle: then the groups of that circle, from the child back to itself. */
export function addChild(draft: InventoryDraft, parent: string, child: string): readonly string[] | undefined {
  const circle = pathDown(draft, child, parent);
  if (circle) return [...circle, child];
  addGroup(draft, parent).children.add(child);
  addGroup(draft, child).parents.add(parent);
  return undefined;
}

function pathDown({ groups }: InventoryDraft, from: string, to: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  for (const name of cameFrom.keys()) {
    if (name === to) {
      const path = [name];
      for (let step = cameFrom.get(name); step !== undefined; step = cameFrom.get(step)) path.unshift(step);
      return path;
    }
    for (const child of groups.get(name)?.children ?? []) if (!cameFrom.has(child)) cameFrom.set(child, name);
  }
  return undefined;
}

/**
 * What Ansible does after the last file: every group comes under `all`, and hosts without a group into `ungrouped`. A host
 * without a group that shares its name with one is lost on that way: these hosts are returned.
 */
export function settleDraft(draft: InventoryDraft): readonly string[] {
  const { groups, hosts } = draft;
  for (const { name, parents } of groups.values()) if (name !== 'all' && parents.size === 0) addChild(draft, 'all', name);
  const ungrouped = addGroup(draft, 'ungrouped');
  const groupsOf = directGroups(draft);
  const lost: string[] = [];
  for (const host of hosts.keys()) {
    const names = ancestorsOf(draft, groupsOf.get(host) ?? []);
    names.delete('all');
    if (names.size === 0 && groups.has(host)) {
      addChild(draft, 'ungrouped', host);
      lost.push(host);
    } else if (names.size === 0) ungrouped.hosts.add(host);
    else if (names.size > 1 && ungrouped.hosts.delete(host)) draft.leftUngrouped.add(host);
  }
  return lost;
}

/** The groups that list each host themselves. */
export function directGroups({ groups }: InventoryDraft): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { name, hosts } of groups.values()) {
    for (const host of hosts) {
      const names = found.get(host);
      if (names) names.push(name);
      else found.set(host, [name]);
    }
  }
  return found;
}

/** The groups and everything above them. */
export function ancestorsOf({ groups }: InventoryDraft, names: Iterable<string>): Set<string> {
  const found = new Set(names);
  for (const name of found) for (const parent of groups.get(name)?.parents ?? []) found.add(parent);
  return found;
}
