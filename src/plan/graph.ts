import { dirname } from 'node:path/posix';
import type { Address, Catalog, CatalogResource } from '../model/catalog.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { isGone } from './is-gone.ts';
import { toLevels } from './to-levels.ts';

/** The catalog in order of execution. */
export interface Graph extends WithProblems {
  /** Resources of one batch do not depend on each other. Ties keep the declared order. */
  readonly batches: readonly (readonly CatalogResource[])[];
  /** Every path that some resource of the catalog manages, with its address; paths that are shared have none. */
  readonly claims: ReadonlyMap<string, Address>;
  /** Those of them that belong to one resource alone, with that one. */
  readonly owners: ReadonlyMap<string, CatalogResource>;
  /** Paths in which resources keep entries beside others'. */
  readonly shared: ReadonlySet<string>;
}

type Types = (kind: string) => AnyResourceType;

/**
 * Orders a catalog by `after`, `notify`, role order and what the kinds imply. A circle is a Problem that names its path; the
 * engine's own wishes (a directory before what is in it, declared order) yield where they contradict what users said.
 */
export function buildGraph({ resources }: Catalog, types: Types): Graph {
  const numbers = new Map(resources.map(({ address }, number) => [address, number]));
  // What is in them goes before them.
  const leaving = new Set(
    resources.filter((resource) => resource.kind === 'directory' && isGone(resource, types)).map(({ address }) => address),
  );
  const firm: number[][] = resources.map(() => []);
  const implied: number[][] = resources.map(() => []);
  const addEdge = (edges: number[][], first: Address, then: Address): void => {
    const [from, to] = [numbers.get(first), numbers.get(then)];
    if (from !== undefined && to !== undefined) edges[from]!.push(to);
  };
  for (const resource of resources) {
    const { address, after, notify, kind, desired } = resource;
    const type = types(kind);
    for (const first of [...after, ...(type.requires?.(desired) ?? [])]) addEdge(firm, first, address);
    for (const then of [...notify, ...(type.precedes?.(desired) ?? [])]) addEdge(firm, address, then);
    for (const parent of parentDirectories(resource, type))
      if (leaving.has(parent)) addEdge(implied, address, parent);
      else addEdge(implied, parent, address);
  }
  const goesBefore = (one: Address, other: Address): boolean => implied[numbers.get(one)!]!.includes(numbers.get(other)!);
  keepDeclaredOrder(resources, types, (first, then) => {
    if (!leaving.has(first) || !goesBefore(then, first)) addEdge(implied, first, then);
  });
  const { claims, owners, shared, problems } = findClaims(resources, types);
  const { levels, circles } = toLevels(firm, implied);
  const named = (level: readonly number[]): CatalogResource[] => level.map((number) => resources[number]!);
  return {
    batches: levels.map(named),
    claims,
    owners,
    shared,
    problems: [...problems, ...circles.map(named).map(cycleProblem)],
  };
}

function* parentDirectories({ desired }: CatalogResource, type: AnyResourceType): Generator<Address> {
  const [path] = type.watches?.(desired) ?? [];
  if (path === undefined) return;
  for (let parent = dirname(path); parent !== '/' && parent !== '.'; parent = dirname(parent)) {
    yield `directory[${parent}]`;
    yield `tree[${parent}]`;
  }
}

/** `command`, `package`, `service`, `timer` stay behind everything declared before them in the same assignment. */
function keepDeclaredOrder(
  resources: readonly CatalogResource[],
  types: Types,
  addEdge: (first: Address, then: Address) => void,
): void {
  /** What each ordered resource stays behind. */
  const behind = new Map<Address, readonly Address[]>();
  let sinceOrdered: Address[] = [];
  let assignment = -1;
  for (const { address, kind, origin, notify } of resources) {
    if (origin.assignment !== assignment) sinceOrdered = [];
    assignment = origin.assignment;
    if (!types(kind).ordered) {
      sinceOrdered.push(address);
      continue;
    }
    // Who notifies a resource runs before it, wherever it was declared; then both stay behind the same.
    const firsts = sinceOrdered.flatMap((first) => (notify.includes(first) ? (behind.get(first) ?? []) : [first]));
    for (const first of firsts) addEdge(first, address);
    behind.set(address, firsts);
    sinceOrdered = [address];
  }
}

function findClaims(resources: readonly CatalogResource[], types: Types): Omit<Graph, 'batches'> {
  const claims = new Map<string, Address>();
  const shared = new Set<string>();
  const owners = new Map<string, CatalogResource>();
  const problems: Problem[] = [];
  for (const resource of resources)
    for (const path of types(resource.kind).owns?.(resource.desired) ?? []) {
      const other = owners.get(path);
      if (other) problems.push(samePath(path, other, resource));
      owners.set(path, resource);
      claims.set(path, resource.address);
    }
  for (const resource of resources) {
    const type = types(resource.kind);
    const isOwner = type.owns !== undefined;
    for (const watched of type.watches?.(resource.desired) ?? []) {
      const path = watched.length > 1 && watched.endsWith('/') ? watched.slice(0, -1) : watched;
      const other = owners.get(path);
      if (other && !isOwner) problems.push(samePath(path, other, resource));
      if (type.shared) shared.add(path);
      else if (!claims.has(path)) claims.set(path, resource.address);
    }
  }
  return { claims, owners, shared, problems };
}

const samePath = (path: string, first: CatalogResource, second: CatalogResource): Problem => ({
  code: 'duplicate-resource',
  message: `${path} is managed by both ${first.address} and ${second.address}`,
  at: second.origin.at,
  related: [first.origin.at],
  address: second.address,
  hint: 'let one of them own the path',
});

function cycleProblem(circle: readonly CatalogResource[]): Problem {
  const [first] = circle as [CatalogResource];
  const path = [...circle, first].map(({ address }) => address).join(' → ');
  return {
    code: 'cycle',
    message: circle.length === 1 ? `${first.address} waits for itself` : `resources wait for each other: ${path}`,
    at: first.origin.at,
    address: first.address,
  };
}
