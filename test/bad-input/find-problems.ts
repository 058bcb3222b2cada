import { compile } from '../../src/compile/compile.ts';
import { planWaves } from '../../src/inventory/plan-waves.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import type { Problem } from '../../src/model/problem.ts';
import { belowFiles } from '../../src/plan/below-files.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { judgePolicies } from '../../src/run/judge-policies.ts';
import { loadResourceTypes, resourceType } from '../../src/resources/registry.ts';
import { loadDocuments } from '../../src/source/load.ts';
import { memoryTree } from '../inventory/memory-tree.ts';
import { absent, type BadCase } from './bad-case.ts';

await loadResourceTypes();

const request = {
  facts: { os: { id: 'debian' }, arch: 'x86_64' },
  secrets: { names: [], get: () => undefined, vault: () => ({ unreadable: 'there is no password here' }), opened: () => [] },
  revision: { id: 'abc', short: 'abc', author: 'Nobody', time: '2026-11-20T00:00:00Z' },
};

/** The files of one or more cases in a repository that is otherwise in order, with their roles assigned to every host. */
export function repositoryOf(...cases: readonly BadCase[]): { readonly [path: string]: string | Uint8Array } {
  const files = Object.assign({}, ...cases.map((each) => each.files)) as BadCase['files'];
  const roles = Object.keys(files).flatMap((path) => /^roles\/([A-Za-z0-9_.-]+)\/role\.yaml$/.exec(path)?.[1] ?? []);
  const all: BadCase['files'] = {
    'desired-state/site.yaml': `assignments:\n  - hosts: all\n    roles: [${roles.join(', ')}]\n`,
    'inventory/hosts.yml': 'all:\n  children:\n    wizards:\n      hosts:\n        alpha:\n',
    ...files,
  };
  return Object.fromEntries(Object.entries(all).filter(([, content]) => content !== absent));
}

/** Everything that loading and compiling these files for every host complains about; each problem once. */
export function findProblems(files: BadCase['files']): readonly Problem[] {
  const documents = loadDocuments(memoryTree(files));
  const inventory = readInventory(documents.inventory);
  const problems = [...documents.problems, ...inventory.problems];
  if (documents.rollout) problems.push(...planWaves(documents.rollout, inventory).problems);
  const { policy, policyAt } = documents;
  problems.push(...judgePolicies({ policy, policyAt }));
  for (const host of inventory.hosts) {
    const catalog = compile(documents, inventory, { ...request, host });
    const graph = buildGraph(catalog, resourceType);
    problems.push(...catalog.problems, ...graph.problems, ...belowFiles(catalog, graph, resourceType));
  }
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** `code file:line:column`, the form of `BadCase.expected`. */
export const placeOf = ({ code, at }: Problem): string => `${code} ${at ? `${at.file}:${at.line}:${at.column}` : '-'}`;
