import { loadSources } from '../run/load-sources.ts';
import type { InventoryFiles } from '../model/documents.ts';
import type { Problem } from '../model/problem.ts';
import type { Revision } from '../model/revision.ts';
import { compileHosts } from './compile-hosts.ts';
import { hostsToCompile } from './hosts-to-compile.ts';

/**
 * For what other hosts would refuse a revision, as far as it can be told without them. What depends on their facts, or on secrets that
 * only they can decrypt, is left to them, so that nothing is told here that they would take (0084).
 */
export async function findMistakes(
  revision: Revision,
  inventoryFiles: InventoryFiles,
  hosts: readonly string[],
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const sources = await loadSources(revision, undefined, { inventoryFiles });
  const inventory = { ...sources.inventory, hosts };
  const compiled = await compileHosts(sources, hostsToCompile(sources.documents, inventory).hosts, signal);
  return [...sources.problems, ...compiled.problems];
}
