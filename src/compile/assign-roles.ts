import { selectHosts } from '../inventory/select-hosts.ts';
import type { Document, ResourceDocument, RoleDocument } from '../model/document.ts';
import { digestOf } from '../model/json.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import { didYouMean } from '../model/nearest.ts';
import type { SourcePosition } from '../model/problem.ts';
import { asList } from './as-list.ts';
import type { Compilation } from './compilation.ts';
import { renderCondition, renderWritten, type Written } from './render.ts';
import { roleParameters } from './role-parameters.ts';
import type { ScopeVariable } from './template-scope.ts';

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

/** A role as an assignment names it. */
interface Use {
  readonly role: string;
  readonly assignment: number;
  readonly at: SourcePosition;
  readonly given: Written | undefined;
  readonly mode: 'enforce' | 'observe';
  readonly tags: readonly string[];
  readonly isWanted: boolean;
}

/**
 * What `site.yaml` gives this host. A role comes once, at its first use, after the roles that it depends on; in an assignment
 * roles come before its own resources. Parameters, mode and tags are those of the places that name the role, also where another role
 * needed it earlier; two places that name it with different parameters or modes are a problem. A place whose `when` is false says nothing
 * of mode and tags.
 */
export function assignRoles(compilation: Compilation): readonly Unit[] {
  const { documents, request, inventory, report } = compilation;
  const { site, roles } = documents;
  if (!site) return [];
  const { source } = site;

  const selected = site.value.assignments.flatMap((assignment, index) => {
    const { hosts, problems } = selectHosts(inventory, assignment.hosts);
    for (const problem of problems) report({ at: source.at(['assignments', index, 'hosts']), ...problem });
    if (!hosts.includes(request.host)) return [];
    return [{ ...assignment, index, mode: request.observe === true ? 'observe' : assignment.mode }];
  });

  const tagsOf = (written: Written): readonly string[] => {
    const { value, problems } = renderWritten(written, compilation.scope, compilation);
    return problems.length > 0 ? [] : asList(value);
  };

  const uses = selected.flatMap(({ index, mode, tags, roles: named }) => {
    const path = ['assignments', index];
    const shared = tagsOf({ value: tags, source, path: [...path, 'tags'] });
    return named.flatMap((entry, place): Use[] => {
      const inner = [...path, 'roles', place];
      const use = typeof entry === 'string' ? { role: entry, with: undefined } : entry;
      const at = source.at(typeof entry === 'string' ? inner : [...inner, 'role']);
      if (!roles.has(use.role)) {
        reportUnknown(use.role, at, compilation);
        return [];
      }
      const { when, tags: ownTags } = { when: undefined, tags: undefined, ...use };
      const isWanted =
        when === undefined ||
        renderCondition({ value: when, source, path: [...inner, 'when'] }, compilation.scope, compilation).isTrue === true;
      const own = tagsOf({ value: ownTags, source, path: [...inner, 'tags'] });
      const given = use.with === undefined ? undefined : { value: use.with, source, path: [...inner, 'with'] };
      return [{ role: use.role, assignment: index, at, given, mode, tags: [...new Set([...shared, ...own])], isWanted }];
    });
  });

  const firstUse = new Map<string, Use>();
  const parameters = new Map<string, { readonly [name: string]: unknown } | undefined>();
  for (const use of uses) {
    const values = roleParameters(use.role, roles.get(use.role)!, use.given, use.at, compilation);
    const first = firstUse.get(use.role);
    if (!first) {
      firstUse.set(use.role, use);
      parameters.set(use.role, values);
    } else if (values && digestOf(values) !== digestOf(parameters.get(use.role))) {
      const message = `role "${use.role}" is used twice with different parameters`;
      report({ code: 'role-parameter', message, at: use.at, related: [first.at], hint: 'a host has each role once' });
    }
  }
  const wantedUses = uses.filter(({ isWanted }) => isWanted);
  const needs = new Map(wantedUses.map((use) => [use, closure(use.role, roles)]));
  for (const [role, [first, ...others]] of Map.groupBy(wantedUses, (use) => use.role)) {
    const other = others.find(({ mode }) => mode !== first!.mode);
    if (!other) continue;
    const message = `role "${role}" is used twice, and only observed in one of the places`;
    report({ code: 'role-parameter', message, at: other.at, related: [first!.at], hint: 'a host has each role once' });
  }
  /** Those that name the role; where none does, those that need it. */
  const placesOf = (role: string): readonly Use[] => {
    const naming = wantedUses.filter((use) => use.role === role);
    return naming.length > 0 ? naming : wantedUses.filter((use) => needs.get(use)!.has(role));
  };

  const units: Unit[] = [];
  const visited = new Set<string>();
  const visit = (role: string, from: Use, path: readonly string[]): void => {
    const document = roles.get(role)!;
    if (path.includes(role)) {
      const circle = [...path.slice(path.indexOf(role)), role].join(' → ');
      report({
        code: 'cycle',
        message: `roles depend on each other in a circle: ${circle}`,
        at: document.source.at(['depends']),
      });
      return;
    }
    if (visited.has(role)) return;
    visited.add(role);
    for (const [index, needed] of document.value.depends.entries()) {
      if (roles.has(needed)) visit(needed, from, [...path, role]);
      else reportUnknown(needed, document.source.at(['depends', index]), compilation);
    }
    const places = placesOf(role);
    const { mode, tags } = places.length > 0 ? together(places) : (firstUse.get(role) ?? from);
    const values = firstUse.has(role) ? parameters.get(role) : roleParameters(role, document, undefined, from.at, compilation);
    // Without valid parameters every template of the role would fail once more.
    if (values) units.push(roleUnit(role, document, { mode, tags }, from.assignment, values, places.length === 0));
  };
  for (const { index, mode, tags, resources } of selected) {
    for (const use of uses) if (use.assignment === index) visit(use.role, use, []);
    const path = ['assignments', index];
    units.push({
      depends: [],
      assignment: index,
      mode,
      tags: tagsOf({ value: tags, source, path: [...path, 'tags'] }),
      isSkipped: false,
      names: new Map(),
      source,
      path: [...path, 'resources'],
      resources,
      health: [],
    });
  }
  return units;
}

function roleUnit(
  role: string,
  { source, value }: Document<RoleDocument>,
  { mode, tags }: Pick<Use, 'mode' | 'tags'>,
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
const together = (places: readonly Use[]): Pick<Use, 'mode' | 'tags'> => ({
  mode: places.some(({ mode }) => mode === 'enforce') ? 'enforce' : 'observe',
  tags: [...new Set(places.flatMap(({ tags }) => tags))],
});

/** A role and all that it depends on. */
function closure(role: string, roles: ReadonlyMap<string, Document<RoleDocument>>): ReadonlySet<string> {
  const found = new Set([role]);
  for (const name of found) for (const needed of roles.get(name)?.value.depends ?? []) found.add(needed);
  return found;
}

function reportUnknown(role: string, at: SourcePosition, { documents, report }: Compilation): void {
  const hint = didYouMean(role, documents.roles.keys()) ?? `roles stand in roles/<name>/role.yaml`;
  report({ code: 'unknown-role', message: `no role "${role}"`, at, hint });
}
