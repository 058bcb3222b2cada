import type { Documents } from '../model/documents.ts';
import type { WithProblems } from '../model/located.ts';
import type { Inventory } from './inventory.ts';
import { selectHosts } from './select-hosts.ts';

/** The hosts that the policy calls critical; none where it says nothing. */
export function criticalHosts(
  { policy, policyAt }: Pick<Documents, 'policy' | 'policyAt'>,
  inventory: Inventory,
): WithProblems & { readonly hosts: readonly string[] } {
  const { critical } = policy.portfolio;
  if (critical === undefined) return { hosts: [], problems: [] };
  const { hosts, problems } = selectHosts(inventory, critical);
  const at = policyAt?.(['portfolio', 'critical']);
  return { hosts, problems: problems.map((problem) => ({ ...problem, ...(at && { at }) })) };
}
