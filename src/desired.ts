import { compile, type CompileRequest } from './compile/compile.ts';
import { loadHostPolicy } from './host/host-policy.ts';
import { readIdentities } from './host/identities.ts';
import { readInventory } from './inventory/read-inventory.ts';
import type { Inventory } from './inventory/inventory.ts';
import { openSecrets } from './inventory/open-secrets.ts';
import { selectHosts } from './inventory/select-hosts.ts';
import type { Catalog } from './model/catalog.ts';
import type { HostPolicyDocument, PolicyDocument } from './model/document.ts';
import type { Documents } from './model/documents.ts';
import type { WithProblems } from './model/located.ts';
import { nearest } from './model/nearest.ts';
import type { Problem } from './model/problem.ts';
import type { Revision } from './model/revision.ts';
import type { Secrets } from './model/secret.ts';
import { buildGraph, type Graph } from './plan/graph.ts';
import type { HostChain } from './model/host-chain.ts';
import { findResourceType, resourceType, resourceTypes } from './resources/registry.ts';
import { chainOf } from './resources/types/provider-chain.ts';
import type { Scope } from './scope.ts';
import { readCommitInfo } from './source/commit-info.ts';
import { loadDocuments } from './source/load.ts';

/** What one host should be, and what judging a plan for it needs. */
export interface Plannable {
  readonly host: string;
  readonly catalog: Catalog;
  readonly graph: Graph;
  readonly policy: PolicyDocument;
  readonly hostPolicy: HostPolicyDocument;
  readonly secrets: Secrets;
  /** Provider chains of this host and of every critical one. */
  readonly chains: readonly HostChain[];
  /** Whether policy has looked into the repository and the rendered texts already, as they are now. */
  readonly isJudged: boolean;
}

/** The same with all that explaining it needs. `problems` holds those of every stage. */
export interface Desired extends Plannable, WithProblems {
  readonly documents: Documents;
  readonly inventory: Inventory;
}

/** Revision → Documents → Catalog → Graph, for one host. */
export async function loadDesired(revision: Revision, scope: Scope): Promise<Desired> {
  const documents = loadDocuments(revision.files);
  const inventory = readInventory(documents.inventory);
  const { policy: hostPolicy, problems: policyProblems } = loadHostPolicy();
  const identities = readIdentities(hostPolicy);
  const secrets = await openSecrets({
    files: revision.files,
    identities: identities.age,
    vaultPasswords: identities.vaultPasswords,
  });
  const { host, problems: hostProblems } = chooseHost(inventory, hostPolicy, scope);
  const request = {
    facts: scope.facts,
    secrets,
    revision: await readCommitInfo(revision),
    kindNames: resourceTypes.map(({ kind }) => kind),
  };
  const catalog = compile(documents, inventory, findResourceType, { ...request, host });
  const graph = buildGraph(catalog, resourceType);
  const { chains, problems: chainProblems } = compileChains(documents, inventory, catalog, request);
  const problems = [
    ...policyProblems,
    ...identities.problems,
    ...documents.problems,
    ...inventory.problems,
    ...(documents.site ? hostProblems : []),
    ...catalog.problems,
    ...graph.problems,
    ...chainProblems,
  ];
  const { policy } = documents;
  return { host, documents, inventory, policy, hostPolicy, secrets, catalog, graph, chains, problems, isJudged: false };
}

function chooseHost(
  inventory: Inventory,
  { host: own }: HostPolicyDocument,
  { names }: Scope,
): { readonly host: string; readonly problems: readonly Problem[] } {
  const candidates = [...(own === undefined ? [] : [own]), ...names];
  const host = candidates.find((name) => inventory.hosts.includes(name));
  if (host !== undefined) return { host, problems: [] };
  const [wanted = ''] = candidates;
  const near = nearest(wanted, inventory.hosts);
  const hosts = inventory.hosts.slice(0, 20).join(', ') || 'none';
  const message = `the inventory has no host "${wanted}" (it has: ${hosts})`;
  return {
    host: wanted,
    problems: [
      { code: 'unknown-host', message, hint: near === undefined ? 'choose one with --host' : `did you mean --host ${near}?` },
    ],
  };
}

/** The portfolio rule compares agents, so the chains of all critical hosts are compiled, whichever host this is. */
function compileChains(
  documents: Documents,
  inventory: Inventory,
  catalog: Catalog,
  request: Omit<CompileRequest, 'host'>,
): { readonly chains: readonly HostChain[]; readonly problems: readonly Problem[] } {
  const pattern = documents.policy.portfolio.critical;
  const { hosts: critical, problems } = pattern === undefined ? { hosts: [], problems: [] } : selectHosts(inventory, pattern);
  const chainsOf = ({ host, resources }: Catalog): HostChain[] =>
    resources
      .filter(({ kind }) => kind === 'provider_chain')
      .map(({ address, desired, origin }) => ({
        host,
        address,
        critical: critical.includes(host),
        chain: chainOf(desired as never),
        at: origin.at,
      }));
  const others = critical
    .filter((host) => host !== catalog.host)
    .map((host) => compile(documents, inventory, findResourceType, { ...request, host, only: 'provider_chain' }));
  return { chains: [catalog, ...others].flatMap(chainsOf), problems };
}
