import type { AnyResourceType } from './resource-type.ts';
import { command } from './types/command.ts';
import { config } from './types/config.ts';
import { cron } from './types/cron.ts';
import { directory } from './types/directory.ts';
import { file } from './types/file.ts';
import { link } from './types/link.ts';
import { providerChain } from './types/provider-chain.ts';
import { sqlite } from './types/sqlite.ts';
import { tree } from './types/tree.ts';

/** Every kind, by name. A kind that is not in this list does not exist. */
export const resourceTypes: readonly AnyResourceType[] = [
  command,
  config,
  cron,
  directory,
  file,
  link,
  providerChain,
  sqlite,
  tree,
];

const byKind = new Map(resourceTypes.map((type) => [type.kind, type]));

export const findResourceType = (kind: string): AnyResourceType | undefined => byKind.get(kind);

/** For kinds that a catalog or ledger names: they exist, or the state is from another version of this program. */
export function resourceType(kind: string): AnyResourceType {
  const type = byKind.get(kind);
  if (!type) throw new Error(`this version of reconcile has no kind "${kind}"`);
  return type;
}
