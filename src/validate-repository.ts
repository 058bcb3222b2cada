import { compile } from './compile/compile.ts';
import { readFacts } from './host/facts.ts';
import { loadHostPolicy } from './host/host-policy.ts';
import { readIdentities } from './host/identities.ts';
import { openLocalReader } from './host/local-reader.ts';
import { openSecrets } from './inventory/open-secrets.ts';
import { readInventory } from './inventory/read-inventory.ts';
import type { WithProblems } from './model/located.ts';
import { nearest } from './model/nearest.ts';
import type { Problem } from './model/problem.ts';
import type { Revision } from './model/revision.ts';
import { buildGraph } from './plan/graph.ts';
import { findResourceType, resourceType, resourceTypes } from './resources/registry.ts';
import { readCommitInfo } from './source/commit-info.ts';
import { loadDocuments } from './source/load.ts';

export interface Validation extends WithProblems {
  readonly hosts: readonly string[];
  /** Uses of secrets that only other hosts can decrypt; not a fault of the repository. */
  readonly unreadable: number;
}

/** Checks every document and compiles every host of the inventory, or the one named. Each problem is listed once. */
export async function validateRepository(revision: Revision, only?: string): Promise<Validation> {
  const documents = loadDocuments(revision.files);
  const inventory = readInventory(documents.inventory);
  const { policy } = loadHostPolicy();
  const { age, vaultPasswords } = readIdentities(policy);
  const secrets = await openSecrets({ files: revision.files, identities: age, vaultPasswords });
  const request = {
    facts: readFacts(openLocalReader({})),
    secrets,
    revision: await readCommitInfo(revision),
    kindNames: resourceTypes.map(({ kind }) => kind),
  };
  const hosts = only === undefined ? inventory.hosts : inventory.hosts.filter((host) => host === only);
  const problems: Problem[] = [...documents.problems, ...inventory.problems];
  if (only !== undefined && hosts.length === 0) problems.push(unknownHost(only, inventory.hosts));
  for (const host of hosts) {
    const catalog = compile(documents, inventory, findResourceType, { ...request, host });
    problems.push(...catalog.problems, ...buildGraph(catalog, resourceType).problems);
  }
  const unreadable = problems.filter(({ code }) => code === 'secret-unreadable');
  return {
    hosts,
    problems: distinct(problems.filter((problem) => !unreadable.includes(problem))),
    unreadable: unreadable.length,
  };
}

function unknownHost(host: string, hosts: readonly string[]): Problem {
  const near = nearest(host, hosts);
  return { code: 'unknown-host', message: `the inventory has no host "${host}"`, ...(near && { hint: `did you mean ${near}?` }) };
}

const distinct = (problems: readonly Problem[]): readonly Problem[] => [
  ...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values(),
];
