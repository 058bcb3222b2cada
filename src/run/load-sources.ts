import type { CompileRequest } from '../compile/compile.ts';
import { loadHostPolicy } from '../host/host-policy.ts';
import { readIdentities } from '../host/identities.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { missingInventory } from '../inventory/missing-inventory.ts';
import { openSecrets } from '../inventory/open-secrets.ts';
import { openVault } from '../inventory/open-vault.ts';
import { readInventory } from '../inventory/read-inventory.ts';
import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import type { Documents, InventoryFiles } from '../model/documents.ts';
import type { JsonObject } from '../model/json.ts';
import type { Problem } from '../model/problem.ts';
import type { Revision } from '../model/revision.ts';
import type { Secrets } from '../model/secret.ts';
import { loadResourceTypes } from '../resources/registry.ts';
import { readCommitInfo } from '../source/commit-info.ts';
import { loadDocuments } from '../source/load.ts';

/** What compiling starts from, whichever the host. */
export interface Sources {
  readonly documents: Documents;
  readonly inventory: Inventory;
  readonly secrets: Secrets;
  readonly hostPolicy: HostPolicyDocument;
  /** All of the request but the host. */
  readonly request: Omit<CompileRequest, 'host'>;
  /** Where this machine's identities were looked for: their content decides which secrets can be read. */
  readonly identityFiles: readonly string[];
  /** What is wrong with the repository. */
  readonly problems: readonly Problem[];
  /** What keeps the host's own policy from being read: nothing is allowed then, and what it says of the host and its secrets is not known. */
  readonly policyProblems: readonly Problem[];
  readonly identityProblems: readonly Problem[];
}

/**
 * Revision → Documents, inventory and secrets, as this machine can read them. Every kind that is named is loaded then. Without secrets,
 * nothing is decrypted. `inventoryFiles`: those of this revision, where they were read before.
 */
export async function loadSources(
  revision: Revision,
  facts: JsonObject | undefined,
  { withSecrets = true, inventoryFiles }: { readonly withSecrets?: boolean; readonly inventoryFiles?: InventoryFiles } = {},
): Promise<Sources> {
  const { policy: hostPolicy, problems: policyProblems } = loadHostPolicy();
  const { age, vaultPasswords, files: identityFiles, problems: identityProblems } = readIdentities(hostPolicy);
  const [identities, passwords] = withSecrets ? [age, vaultPasswords] : [[], []];
  const vault = openVault(passwords);
  const documents = loadDocuments(revision.files, vault, inventoryFiles);
  await loadResourceTypes(kindsIn(documents));
  const inventory = readInventory(documents.inventory);
  const secrets = await openSecrets({ files: revision.files, identities, vault, variables: documents.inventory.secrets });
  const request = { facts, secrets, revision: readCommitInfo(revision) };
  return {
    documents,
    inventory,
    secrets,
    hostPolicy,
    request,
    identityFiles,
    problems: [
      ...revision.problems,
      ...documents.problems,
      ...missingInventory(documents.inventory, revision.files),
      ...inventory.problems,
    ],
    policyProblems,
    identityProblems,
  };
}

/** As they are written; not all need exist. */
function kindsIn({ site, roles }: Documents): readonly string[] {
  const bodies = [...(site?.value.assignments ?? []), ...[...roles.values()].map(({ value }) => value)];
  return bodies.flatMap(({ resources }) => resources.map(({ kind }) => kind));
}
