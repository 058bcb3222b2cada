import type { Group, Inventory } from '../../inventory/inventory.ts';
import { graphInventory, listHost, listInventory } from '../../inventory/list-inventory.ts';
import { readInventory } from '../../inventory/read-inventory.ts';
import { selectHosts } from '../../inventory/select-hosts.ts';
import { exitCodes } from '../../model/exit-code.ts';
import { firstProblems } from '../../model/first-problems.ts';
import { nearest } from '../../model/nearest.ts';
import { paintFor } from '../../report/paint.ts';
import { problemLines } from '../../report/render-text.ts';
import { ownVault } from '../../run/own-vault.ts';
import { loadInventoryFiles } from '../../source/inventory-files.ts';
import { openWorkingTree } from '../../source/working-tree.ts';
import { ExitError } from '../../model/exit-error.ts';
import { hostPattern } from '../host-pattern.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { sourceOption } from '../request.ts';
import { writeJson } from '../run-output.ts';

/** Shows the inventory as ansible-inventory does; its problems go to standard error and make the exit code 65. */
export async function run(invocation: Invocation): Promise<number> {
  const { list, graph } = invocation.options;
  const host = textOption(invocation, 'host');
  const pattern = invocation.arguments[0];
  if ([list === true, graph === true, host !== undefined].filter(Boolean).length !== 1) {
    throw new ExitError('usage', 'inventory needs one of --list, --host NAME, --graph', 'reconcile inventory --graph');
  }
  if (host !== undefined && pattern !== undefined) throw new ExitError('usage', '--host takes no pattern beside it');
  const { files, problems: refused } = openWorkingTree(sourceOption(invocation));
  const inventory = readInventory(loadInventoryFiles(files, ownVault()));
  if (host !== undefined) writeJson(listHost(inventory, host) ?? noSuchHost(host, inventory));
  else if (list === true) writeJson(listInventory(narrow(inventory, pattern)));
  else process.stdout.write(`${drawGraph(inventory, pattern)}\n`);
  const asked = host === undefined ? (list === true ? inventory.hosts : []) : [host];
  const ofFiles = new Set(asked.flatMap((each) => inventory.problemsOf(each)));
  const problems = [...refused, ...inventory.problems, ...ofFiles];
  for (const line of problemLines(firstProblems(problems), paintFor(process.stderr))) process.stderr.write(`${line}\n`);
  return problems.length > 0 ? exitCodes.invalid.code : exitCodes.converged.code;
}

/** A group's name draws that group, as in Ansible; any other pattern draws the groups of the hosts that it selects. */
const drawGraph = (inventory: Inventory, pattern: string | undefined): string =>
  (pattern !== undefined && graphInventory(inventory, pattern)) || graphInventory(narrow(inventory, pattern), 'all')!;

/** The inventory as if there were only the hosts that the pattern selects; groups without any of them are left out. */
function narrow(inventory: Inventory, pattern: string | undefined): Inventory {
  if (pattern === undefined) return inventory;
  const { hosts, problems } = selectHosts(inventory, hostPattern(pattern));
  const problem = problems[0];
  if (problem) throw new ExitError('usage', problem.message, problem.hint ?? 'reconcile inventory --graph shows all');
  const selected = new Set(hosts);
  const groups = new Map<string, Group>();
  const keep = (name: string): boolean => {
    const group = inventory.groups.get(name);
    if (!group) return false;
    if (!groups.has(name)) {
      const kept = { ...group, children: group.children.filter(keep), hosts: group.hosts.filter((host) => selected.has(host)) };
      if (name === 'all' || kept.children.length > 0 || kept.hosts.length > 0) groups.set(name, kept);
    }
    return groups.has(name);
  };
  keep('all');
  return { ...inventory, groups, hosts: inventory.hosts.filter((host) => selected.has(host)) };
}

function noSuchHost(host: string, { hosts }: Inventory): never {
  const close = nearest(host, hosts);
  throw new ExitError(
    'usage',
    `no host '${host}' in the inventory`,
    close ? `did you mean ${close}?` : 'reconcile inventory --graph shows all',
  );
}
