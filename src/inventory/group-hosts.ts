import type { Members } from './inventory.ts';

const orders = new WeakMap<Members['groups'], ReadonlyMap<string, number>>();

/**
 * All hosts of a group, those of its descendants included: Ansible's `groups[NAME]`. Level by level; where Ansible's own
 * order within a level changes from run to run, the group mentioned first comes first.
 */
export function hostsInGroup({ groups }: Pick<Members, 'groups'>, name: string): readonly string[] {
  const top = groups.get(name);
  if (!top) return [];
  const order = mentionOrder(groups);
  const byMention = (a: string, b: string): number => (order.get(a) ?? 0) - (order.get(b) ?? 0);
  const hosts = new Set(top.hosts);
  const seen = new Set(top.children);
  for (const child of top.children) for (const host of groups.get(child)?.hosts ?? []) hosts.add(host);
  let level = [...top.children];
  while (level.length > 0) {
    const next = new Set<string>();
    for (const group of level.sort(byMention)) {
      for (const child of groups.get(group)?.children ?? []) {
        if (seen.has(child)) continue;
        next.add(child);
        for (const host of groups.get(child)?.hosts ?? []) hosts.add(host);
      }
    }
    for (const child of next) seen.add(child);
    level = [...next];
  }
  return [...hosts];
}

function mentionOrder(groups: Members['groups']): ReadonlyMap<string, number> {
  const known = orders.get(groups);
  if (known) return known;
  const order = new Map([...groups.keys()].map((group, index) => [group, index] as const));
  orders.set(groups, order);
  return order;
}
