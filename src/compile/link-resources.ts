import type { Address, CatalogResource } from '../model/catalog.ts';
import { nearest } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import type { Unit } from './assign-roles.ts';
import type { Draft } from './build-resource.ts';
import type { Compilation } from './compilation.ts';

/** Edges that the order of roles may add; beyond that a catalog is too large to be ordered in time. */
const mostEdges = 2_000_000;

/** What was written but is not in the catalog. */
export interface Absent {
  /** Addresses whose `when` is false. */
  readonly skipped: ReadonlySet<Address>;
  /** Kinds of resources whose address is not known, because they have problems or are skipped without a valid one. */
  readonly unknown: ReadonlySet<string>;
}

/**
 * Checks `after` and `notify`, drops the addresses that are only skipped here, and completes `after` by what kinds require and
 * by the order of roles: every resource of a role comes after every resource of the roles that it depends on (where such a role
 * has none, after those of the roles behind it). Resources of one role share one list.
 */
export function linkResources(
  drafts: readonly Draft[],
  units: readonly Unit[],
  absent: Absent,
  { report }: Compilation,
): readonly CatalogResource[] {
  const byAddress = new Map(drafts.map((draft) => [draft.resource.address, draft]));
  const problems: Problem[] = [];
  const earlier = roleOrder(drafts, units);
  let edges = 0;

  const resolve = (draft: Draft, key: 'after' | 'notify'): readonly Address[] =>
    draft.resource[key].filter((address, index) => {
      if (byAddress.has(address)) return true;
      if (absent.skipped.has(address) || absent.unknown.has(kindOf(address))) return false;
      const { path, unit } = draft.instance;
      const isList = Array.isArray(draft.instance.document[key]);
      const near = meantBy(address, drafts.filter(({ type }) => key === 'after' || type.refresh).map(addressOf));
      problems.push({
        code: 'unknown-resource',
        message: `"${key}" names ${address.includes(' ') ? `"${address}"` : address}, which nothing here declares`,
        at: unit.source.at([...path, key, ...(isList ? [index] : [])]),
        address: draft.resource.address,
        ...hintFor(address, near),
      });
      return false;
    });

  const linked = drafts.map((draft): CatalogResource => {
    const { resource, type, instance } = draft;
    const after = resolve(draft, 'after');
    const notify = resolve(draft, 'notify');
    for (const address of notify) {
      if (byAddress.get(address)!.type.refresh) continue;
      const message = `"notify" names ${address}, but a ${kindOf(address)} cannot be refreshed`;
      const at = instance.unit.source.at([...instance.path, 'notify']);
      problems.push({ code: 'not-refreshable', message, at, address: resource.address });
    }
    const required = (type.requires?.(resource.desired) ?? []).filter((address) => byAddress.has(address));
    for (const address of required) {
      const misfit = type.misfit?.(resource.desired, byAddress.get(address)!.resource);
      const at = instance.unit.source.at(instance.path);
      if (misfit) problems.push({ code: 'contradiction', ...misfit, at, address: resource.address });
    }
    const roles = (instance.unit.role === undefined ? undefined : earlier.get(instance.unit.role)) ?? [];
    edges += roles.length;
    const explicit = [...after, ...required];
    // What is refused below is not put together: it can be tens of millions.
    const isTooMuch = edges > mostEdges;
    const all = isTooMuch ? explicit : explicit.length === 0 ? roles : [...new Set([...explicit, ...roles])];
    return { ...resource, after: all, notify };
  });
  if (edges > mostEdges)
    problems.push({ code: 'too-large', message: 'the roles that depend on each other have too many resources' });
  for (const problem of problems) report(problem);
  return linked;
}

function hintFor(address: Address, near: Address | undefined): Pick<Problem, 'hint'> {
  if (near !== undefined) return { hint: `did you mean "${near}"?` };
  return address.includes('[') ? {} : { hint: 'an address is a kind and a name: file[/etc/motd], service[nginx]' };
}

const addressOf = ({ resource }: Draft): Address => resource.address;

/** `nginx`, `restart nginx` as a handler of Ansible is called, `service[nginx.service]`, or what is mistyped. */
function meantBy(address: Address, known: readonly Address[]): Address | undefined {
  const names = [...address.split(' '), address.replace(/^\w+\[|\.service\]$|\]$/g, '')];
  return known.find((each) => names.some((name) => each.endsWith(`[${name}]`))) ?? nearest(address, known);
}

const kindOf = (address: Address): string => address.slice(0, Math.max(0, address.indexOf('[')));

/**
 * For each role the addresses that come before all of its resources. What another role notifies is left out: it runs after
 * those who notify it.
 */
function roleOrder(drafts: readonly Draft[], units: readonly Unit[]): ReadonlyMap<string, readonly Address[]> {
  const roleOf = new Map(drafts.map(({ resource, instance }) => [resource.address, instance.unit.role]));
  const notified = new Set(
    drafts.flatMap(({ resource, instance }) => resource.notify.filter((address) => roleOf.get(address) !== instance.unit.role)),
  );
  const own = new Map<string, Address[]>();
  for (const { resource, instance } of drafts) {
    const { role } = instance.unit;
    if (role === undefined || notified.has(resource.address)) continue;
    const addresses = own.get(role);
    if (addresses) addresses.push(resource.address);
    else own.set(role, [resource.address]);
  }
  const depends = new Map(units.flatMap((unit) => (unit.role === undefined ? [] : [[unit.role, unit.depends] as const])));
  const before = new Map<string, readonly Address[]>();
  // Units stand in the order of their dependencies, so that what a role builds on is known when it is reached.
  for (const [role, needed] of depends) {
    // A role in a circle is a problem of its own, told already; it waits for nobody.
    const isCircular = dependsOn(role, depends).has(role);
    before.set(role, isCircular ? [] : [...new Set(needed.flatMap((name) => own.get(name) ?? before.get(name) ?? []))]);
  }
  return before;
}

/** All roles that a role depends on, directly or through others. */
function dependsOn(role: string, depends: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set(depends.get(role));
  for (const name of found) for (const needed of depends.get(name) ?? []) found.add(needed);
  return found;
}
