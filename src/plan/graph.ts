import { dirname } from 'node:path/posix';
import type { Address, Catalog, CatalogResource } from '../model/catalog.ts';
import type { WithProblems } from '../model/located.ts';
import type { Problem } from '../model/problem.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';

/** The catalog in order of execution. */
export interface Graph extends WithProblems {
  /** Resources of one batch do not depend on each other. Ties keep the declared order. */
  readonly batches: readonly (readonly CatalogResource[])[];
  /** Every path that some resource of the catalog manages, with its address. */
  readonly claims: ReadonlyMap<string, Address>;
}

type Types = (kind: string) => AnyResourceType;

/** Orders a catalog by `after`, `notify`, role order and what the kinds imply; a circle is a Problem that names its path. */
export function buildGraph({ resources }: Catalog, types: Types): Graph {
  const byAddress = new Map(resources.map((resource) => [resource.address, resource]));
  const before = new Map<Address, Set<Address>>(resources.map(({ address }) => [address, new Set()]));
  const addEdge = (first: Address, then: Address): void => {
    if (first !== then && byAddress.has(first)) before.get(then)?.add(first);
  };
  for (const resource of resources) {
    const type = types(resource.kind);
    for (const address of resource.after) addEdge(address, resource.address);
    for (const address of resource.notify) if (byAddress.has(address)) addEdge(resource.address, address);
    for (const address of type.requires?.(resource.desired) ?? []) addEdge(address, resource.address);
    for (const address of parentDirectories(resource, type)) addEdge(address, resource.address);
  }
  keepDeclaredOrder(resources, types, addEdge);
  const { claims, problems } = findClaims(resources, types);
  const batches = toBatches(resources, before);
  const placed = batches.reduce((sum, batch) => sum + batch.length, 0);
  return {
    batches,
    claims,
    problems: placed === resources.length ? problems : [...problems, cycleProblem(resources, before, batches)],
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
  let sinceOrdered: Address[] = [];
  let assignment = -1;
  for (const { address, kind, origin, notify } of resources) {
    if (origin.assignment !== assignment) sinceOrdered = [];
    assignment = origin.assignment;
    if (!types(kind).ordered) {
      sinceOrdered.push(address);
      continue;
    }
    // Who notifies a resource runs before it, wherever it was declared.
    for (const first of sinceOrdered) if (!notify.includes(first)) addEdge(first, address);
    sinceOrdered = [address];
  }
}

function findClaims(
  resources: readonly CatalogResource[],
  types: Types,
): { readonly claims: Map<string, Address>; readonly problems: Problem[] } {
  const claims = new Map<string, Address>();
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
      const path = watched.replace(/(?<=.)\/$/, '');
      const other = owners.get(path);
      if (other && !isOwner) problems.push(samePath(path, other, resource));
      if (!claims.has(path)) claims.set(path, resource.address);
    }
  }
  return { claims, problems };
}

const samePath = (path: string, first: CatalogResource, second: CatalogResource): Problem => ({
  code: 'duplicate-resource',
  message: `${path} is managed by both ${first.address} and ${second.address}`,
  at: second.origin.at,
  related: [first.origin.at],
  address: second.address,
  hint: 'let one of them own the path',
});

/** Kahn's algorithm by levels. */
function toBatches(
  resources: readonly CatalogResource[],
  before: ReadonlyMap<Address, ReadonlySet<Address>>,
): CatalogResource[][] {
  const batches: CatalogResource[][] = [];
  const done = new Set<Address>();
  let waiting = [...resources];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ address }) => [...(before.get(address) ?? [])].every((first) => done.has(first)));
    if (ready.length === 0) break;
    for (const { address } of ready) done.add(address);
    batches.push(ready);
    waiting = waiting.filter(({ address }) => !done.has(address));
  }
  return batches;
}

function cycleProblem(
  resources: readonly CatalogResource[],
  before: ReadonlyMap<Address, ReadonlySet<Address>>,
  batches: readonly (readonly CatalogResource[])[],
): Problem {
  const placed = new Set(batches.flat().map(({ address }) => address));
  const stuck = resources.filter(({ address }) => !placed.has(address));
  const path: Address[] = [];
  let current = (stuck[0] as CatalogResource).address;
  while (!path.includes(current)) {
    path.push(current);
    current = [...(before.get(current) ?? [])].find((first) => !placed.has(first)) as Address;
  }
  const circle = [...path.slice(path.indexOf(current)), current].toReversed();
  const resource = stuck.find(({ address }) => address === current) as CatalogResource;
  return {
    code: 'cycle',
    message: `resources wait for each other: ${circle.join(' → ')}`,
    at: resource.origin.at,
    address: current,
  };
}
