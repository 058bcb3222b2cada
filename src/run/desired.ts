import { compile } from '../compile/compile.ts';
import { chooseHost } from '../inventory/choose-host.ts';
import { criticalHosts } from '../inventory/critical-hosts.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { loadSources, type Sources } from './load-sources.ts';
import { noteReads } from './note-reads.ts';
import type { Catalog } from '../model/catalog.ts';
import type { PolicyDocument } from '../model/document.ts';
import type { HostPolicyDocument } from '../model/host-policy-document.ts';
import type { Documents } from '../model/documents.ts';
import type { HostChain } from '../model/host-chain.ts';
import type { KeyPath, WithProblems } from '../model/located.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import type { ContentChange, Revision } from '../model/revision.ts';
import type { Secrets } from '../model/secret.ts';
import { belowFiles } from '../plan/below-files.ts';
import { buildGraph, type Graph } from '../plan/graph.ts';
import { judgePrograms, type WantedProgram } from '../policy/commands.ts';
import { findResourceType, kindNames, resourceType } from '../resources/registry.ts';
import { judgeWantedUnits, type WantedUnit } from '../policy/units.ts';
import type { Scope } from './scope.ts';

/** What one host should be, and what judging a plan for it needs. */
export interface Plannable {
  readonly host: string;
  readonly catalog: Catalog;
  readonly graph: Graph;
  readonly policy: PolicyDocument;
  /** Positions in the policy; unknown when it was read from the catalog that was compiled last. */
  readonly policyAt?: ((path: KeyPath) => SourcePosition) | undefined;
  readonly hostPolicy: HostPolicyDocument;
  readonly secrets: Secrets;
  /** Provider chains of this host and of every critical one. */
  readonly chains: readonly HostChain[];
  /** Files beside the repository that decided what is in it. */
  readonly identityFiles: readonly string[];
  /** As the cache of catalogs has it; undefined too where secrets went into the catalog. */
  readonly reads: readonly string[] | undefined;
  /** What differs from a catalog and a repository of which policy has judged every text; undefined: all is new to it. */
  readonly changes?: readonly ContentChange[];
  /** The key that it has in the cache. */
  readonly cachedAs?: string;
}

/** The same with all that explaining it needs. `problems` holds those of every stage. */
export interface Desired extends Plannable, WithProblems {
  readonly documents: Documents;
  readonly inventory: Inventory;
}

/** Revision → Documents → Catalog → Graph, for one host. */
export async function loadDesired(revision: Revision, scope: Scope): Promise<Desired> {
  const notes = noteReads(revision.files);
  const loaded = await loadSources({ ...revision, files: notes.files }, scope.facts);
  const sources = { ...loaded, request: { ...loaded.request, revision: notes.commit(loaded.request.revision) } };
  const { documents, inventory, hostPolicy, secrets, identityFiles } = sources;
  const names = { asked: scope.askedHost, own: hostPolicy.host, machine: scope.machineNames };
  const { host, problems: hostProblems } = chooseHost(inventory, names);
  const observe = hostPolicy.mode === 'observe';
  const catalog = compile(documents, inventory, { ...sources.request, host, observe });
  const graph = buildGraph(catalog, resourceType);
  const { chains, problems: chainProblems } = compileChains(sources, catalog);
  const found = [
    ...sources.identityProblems,
    ...sources.problems,
    ...(documents.site ? hostProblems : []),
    ...catalog.problems,
    ...graph.problems,
    ...belowFiles(catalog, graph, resourceType),
    ...chainProblems,
    ...(scope.reader.live ? judgePrograms(programsOf(catalog), hostPolicy) : []),
    ...(scope.reader.live ? judgeWantedUnits(unitsOf(catalog), hostPolicy) : []),
  ];
  const { policy, policyAt } = documents;
  const plannable = { host, catalog, graph, policy, policyAt, hostPolicy, secrets, chains, identityFiles, reads: notes.reads() };
  const problems = sources.policyProblems.length > 0 ? sources.policyProblems : found;
  return { ...plannable, documents, inventory, problems };
}

/** Whatever the repository can make this host run, also only to look (guards), to refresh, or to see whether it works. */
const programsOf = ({ resources, health }: Catalog): WantedProgram[] => [
  ...resources.flatMap(({ address, kind, desired, origin: { at } }) =>
    (resourceType(kind).commands?.(desired) ?? []).map((program) => ({ program, address, at })),
  ),
  ...health.flatMap(({ role, check }) =>
    'command' in check ? [{ program: check.command.argv[0] ?? '', address: `health of role ${role}` }] : [],
  ),
];

/** A unit may be refreshed though nothing of it changes. */
const unitsOf = ({ resources }: Catalog): WantedUnit[] =>
  resources.flatMap(({ address, kind, desired, origin: { at } }) =>
    (resourceType(kind).units?.(desired) ?? []).map((unit) => ({ unit, address, at })),
  );

/** The portfolio rule compares agents, so the chains of all critical hosts are compiled, whichever host this is. */
function compileChains(
  { documents, inventory, request }: Sources,
  catalog: Catalog,
): { readonly chains: readonly HostChain[]; readonly problems: readonly Problem[] } {
  const { hosts: critical, problems } = criticalHosts(documents, inventory);
  const kinds = kindNames.filter((kind) => findResourceType(kind)?.chain !== undefined);
  const chainsOf = ({ host, resources }: Catalog): HostChain[] =>
    resources.flatMap(({ address, kind, desired, origin }) => {
      const chain = resourceType(kind).chain?.(desired);
      return chain ? [{ host, address, critical: critical.includes(host), chain, at: origin.at }] : [];
    });
  const others = critical
    .filter((host) => host !== catalog.host)
    .map((host) => compile(documents, inventory, { ...request, host, only: kinds }));
  return { chains: [catalog, ...others].flatMap(chainsOf), problems };
}
