import type { Document, ResourceDocument, RoleDocument } from '../model/document.ts';
import { digestOf } from '../model/json.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import type { Compilation } from './compilation.ts';
import { hostAssignments, type RoleUse } from './host-assignments.ts';
import { roleParameters } from './role-parameters.ts';
import type { ScopeVariable } from './template-scope.ts';
import { reportUnknownRole } from './unknown-role.ts';

/** Resources that belong together: those of one role, or those that an assignment lists itself. In order of declaration. */
export interface Unit {
  readonly role?: string;
  /** Roles whose resources come first. */
  readonly depends: readonly string[];
  readonly assignment: number;
  readonly mode: 'enforce' | 'observe';
  readonly tags: readonly string[];
  /** The role's `when` is false: its resources are known, but not wanted. */
  readonly isSkipped: boolean;
  /** Role parameters and `role_name`. */
  readonly names: ReadonlyMap<string, ScopeVariable>;
  readonly source: LoadedFile;
  /** The path of the resources in the source. */
  readonly path: KeyPath;
  readonly resources: readonly ResourceDocument[];
  readonly health: RoleDocument['health'];
}

/**
 * What `site.yaml` gives this host. A role comes once, at its first use, after the roles that it depends on; in an assignment
 * roles come before its own resources. Parameters, mode and tags are those of the places that name the role, also where another role
 * needed it earlier; two places that name it with different parameters or modes are a problem. A place whose `when` is false says nothing
 * of mode and tags.
 */
export function assignRoles(compilation: Compilation): readonly Unit[] {
  const { documents, report } = compilation;
  const { site, roles } = documents;
  if (!site) return [];
  const assignments = hostAssignments(site, compilation);
  const uses = assignments.flatMap((assignment) => assignment.uses);
  const firstUse = new Map(uses.toReversed().map((use) => [use.role, use]));
  const parameters = parametersOf(uses, compilation);
  const placesOf = placesOfRoles(uses, compilation);
  const units: Unit[] = [];
  const visited = new Set<string>();
  const visit = (role: string, from: RoleUse, path: readonly string[]): void => {
    const document = roles.get(role)!;
    const { value, source } = document;
    if (path.includes(role)) {
      const circle = [...path.slice(path.indexOf(role)), role].join(' → ');
      report({ code: 'cycle', message: `roles depend on each other in a circle: ${circle}`, at: source.at(['depends']) });
      return;
    }
    if (visited.has(role)) return;
    visited.add(role);
    for (const [index, needed] of value.depends.entries()) {
      if (roles.has(needed)) visit(needed, from, [...path, role]);
      else reportUnknownRole(needed, source.at(['depends', index]), compilation);
    }
    const places = placesOf(role);
    const { mode, tags } = places.length > 0 ? together(places) : (firstUse.get(role) ?? from);
    const values = firstUse.has(role) ? parameters.get(role) : roleParameters(role, document, undefined, from.at, compilation);
    // Without valid parameters every template of the role would fail once more.
    if (values) units.push(roleUnit(role, document, { mode, tags }, from.assignment, values, places.length === 0));
  };
  for (const { index, mode, tags, uses: named, resources } of assignments) {
    for (const use of named) visit(use.role, use, []);
    units.push({
      depends: [],
      assignment: index,
      mode,
      tags,
      isSkipped: false,
      names: new Map(),
      source: site.source,
      path: ['assignments', index, 'resources'],
      resources,
      health: [],
    });
  }
  return units;
}

type RoleValues = ReturnType<typeof roleParameters>;

/** Of each role that is named, as its first place gives them. */
function parametersOf(uses: readonly RoleUse[], compilation: Compilation): ReadonlyMap<string, RoleValues> {
  const { documents, report } = compilation;
  const found = new Map<string, { readonly values: RoleValues; readonly use: RoleUse }>();
  for (const use of uses) {
    const values = roleParameters(use.role, documents.roles.get(use.role)!, use.given, use.at, compilation);
    const first = found.get(use.role);
    if (!first) found.set(use.role, { values, use });
    else if (values && digestOf(values) !== digestOf(first.values)) {
      const message = `role "${use.role}" is used twice with different parameters`;
      report({ code: 'role-parameter', message, at: use.at, related: [first.use.at], hint: 'a host has each role once' });
    }
  }
  return new Map([...found].map(([role, { values }]) => [role, values]));
}

/** The places of a role whose `when` holds: those that name it; where none does, those that need it. */
function placesOfRoles(
  uses: readonly RoleUse[],
  { documents: { roles }, report }: Compilation,
): (role: string) => readonly RoleUse[] {
  const wanted = uses.filter(({ isWanted }) => isWanted);
  const needs = new Map(wanted.map((use) => [use, closure(use.role, roles)]));
  const naming = Map.groupBy(wanted, ({ role }) => role);
  for (const [role, [first, ...others]] of naming) {
    const other = others.find(({ mode }) => mode !== first!.mode);
    if (!other) continue;
    const message = `role "${role}" is used twice, and only observed in one of the places`;
    report({ code: 'role-parameter', message, at: other.at, related: [first!.at], hint: 'a host has each role once' });
  }
  return (role) => naming.get(role) ?? wanted.filter((use) => needs.get(use)!.has(role));
}

function roleUnit(
  role: string,
  { source, value }: Document<RoleDocument>,
  { mode, tags }: Pick<RoleUse, 'mode' | 'tags'>,
  assignment: number,
  values: { readonly [name: string]: unknown },
  isSkipped: boolean,
): Unit {
  const layer = `role ${role}`;
  const names = Object.entries({ role_name: role, ...values }).map(
    ([name, member]) => [name, { value: member, layer, templated: false }] as const,
  );
  return {
    role,
    depends: value.depends,
    assignment,
    mode,
    tags,
    isSkipped,
    names: new Map(names),
    source,
    path: ['resources'],
    resources: value.resources,
    health: value.health,
  };
}

/** What one place wants done is done, whoever else only looks. */
const together = (places: readonly RoleUse[]): Pick<RoleUse, 'mode' | 'tags'> => ({
  mode: places.some(({ mode }) => mode === 'enforce') ? 'enforce' : 'observe',
  tags: [...new Set(places.flatMap(({ tags }) => tags))],
});

/** A role and all that it depends on. */
function closure(role: string, roles: ReadonlyMap<string, Document<RoleDocument>>): ReadonlySet<string> {
  const found = new Set([role]);
  for (const name of found) for (const needed of roles.get(name)?.value.depends ?? []) found.add(needed);
  return found;
}
