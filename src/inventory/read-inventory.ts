import type { InventoryFiles, VariableFile } from '../model/documents.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import { emptyDraft, settleDraft, type InventoryDraft } from './inventory-draft.ts';
import type { Group, Inventory, Members } from './inventory.ts';
import { mergeVariables } from './merge-variables.ts';
import { parseInventory } from './parse-inventory.ts';

/**
 * Understands the inventory files as ansible-core 2.14 does. Total: what is wrong is skipped and listed in `problems`,
 * which include those of reading the files.
 */
export function readInventory(files: InventoryFiles): Inventory {
  const draft = emptyDraft();
  const problems = [...files.problems, ...files.inventories.flatMap((file) => parseInventory(file, draft))];
  problems.push(
    ...settleDraft(draft).map(lostHost),
    ...checkVariableFiles(files.groupVars, 'group', draft.groups, files.inventories.length > 0),
    ...checkVariableFiles(files.hostVars, 'host', draft.hosts, files.inventories.length > 0),
  );
  const { misnamed } = draft;
  const members = membersOf(draft, (host) => !misnamed.has(host));
  const withMisnamed = misnamed.size > 0 ? membersOf(draft, () => true) : undefined;
  return { ...members, misnamed, withMisnamed, ...mergeVariables(draft, files), problems };
}

function membersOf(draft: InventoryDraft, isMeant: (host: string) => boolean): Members {
  const groups = new Map<string, Group>();
  for (const { name, children, hosts } of draft.groups.values())
    groups.set(name, { name, children: [...children], hosts: [...hosts].filter(isMeant) });
  return { groups, hosts: [...draft.hosts.keys()].filter(isMeant) };
}

function lostHost(host: string): Problem {
  const message = `the host "${host}" is in no group, but shares its name with one, so that Ansible finds it nowhere`;
  return { code: 'bad-inventory', message, hint: 'put the host into a group, or rename the group' };
}

function checkVariableFiles(
  files: readonly VariableFile[],
  what: 'group' | 'host',
  known: ReadonlyMap<string, unknown>,
  /** Without an inventory that can be read every name would be unknown. */
  isKnown: boolean,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { name, at } of files) {
    if (!isKnown || known.has(name)) continue;
    const message = `variables of "${name}", but the inventory has no ${what} of that name`;
    const hint = didYouMean(name, known.keys());
    problems.push({ code: `unknown-${what}`, message, at, ...(hint !== undefined && { hint }) });
  }
  return problems;
}
