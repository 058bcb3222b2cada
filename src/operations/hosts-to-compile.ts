import type { Inventory, Variable } from '../inventory/inventory.ts';
import { criticalHosts } from '../inventory/critical-hosts.ts';
import { selectHosts } from '../inventory/select-hosts.ts';

import type { Documents } from '../model/documents.ts';

/** Each takes some ten milliseconds. */
const mostHosts = 1_000;

interface HostsToCompile {
  readonly hosts: readonly string[];
  /** How many hosts are left out, and how many of these differ from every chosen one in more than their names. */
  readonly left: number;
  readonly leftUnlike: number;
}

/**
 * Which hosts to compile to know about all: every one of an inventory of up to a thousand. Of a larger one a thousand, the
 * critical hosts first, then one for each different set of assignments, groups and variables, then others: hosts that differ
 * only in their names have mostly the same problems, but a template can make anything of a name.
 */
export function hostsToCompile(documents: Documents, inventory: Inventory): HostsToCompile {
  const { hosts } = inventory;
  if (hosts.length <= mostHosts) return { hosts, left: 0, leftUnlike: 0 };
  const patterns = (documents.site?.value.assignments ?? []).map((assignment) => assignment.hosts);
  const selections = patterns.map((pattern) => new Set(selectHosts(inventory, pattern).hosts));
  const textOf = variableTexts();
  const likenessOf = (host: string): string => {
    const assigned = selections.map((selection) => (selection.has(host) ? 1 : 0));
    const variables = [...inventory.variables(host)].map(([name, variable]) => [name, textOf(variable)]);
    return JSON.stringify([assigned, inventory.groupNames(host), variables]);
  };
  const likenesses = new Map(hosts.map((host) => [host, likenessOf(host)]));
  const alike = Map.groupBy(hosts, (host) => likenesses.get(host));
  const firsts = [...alike.values()].flatMap(([first]) => first ?? []);
  const { hosts: critical } = criticalHosts(documents, inventory);
  const chosen = [...new Set([...critical, ...firsts, ...hosts])].slice(0, mostHosts);
  const seen = new Set(chosen.map((host) => likenesses.get(host)));
  const leftUnlike = hosts.filter((host) => !seen.has(likenesses.get(host))).length;
  return { hosts: chosen, left: hosts.length - chosen.length, leftUnlike };
}

/** Hosts share the variables of their groups. */
function variableTexts(): (variable: Variable) => string {
  const known = new WeakMap<Variable, string>();
  return (variable) => {
    const text = known.get(variable) ?? JSON.stringify(variable.value);
    known.set(variable, text);
    return text;
  };
}
