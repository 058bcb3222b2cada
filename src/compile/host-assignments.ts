import { selectHosts } from '../inventory/select-hosts.ts';
import type { Document, ResourceDocument, SiteDocument } from '../model/document.ts';
import type { KeyPath, LoadedFile } from '../model/located.ts';
import type { SourcePosition } from '../model/problem.ts';
import { asList } from './as-list.ts';
import type { Compilation } from './compilation.ts';
import { renderCondition, renderWritten, type Written } from './render.ts';
import { reportUnknownRole } from './unknown-role.ts';

/** An assignment that this host is among. */
interface HostAssignment {
  readonly index: number;
  readonly mode: 'enforce' | 'observe';
  readonly tags: readonly string[];
  readonly uses: readonly RoleUse[];
  readonly resources: readonly ResourceDocument[];
}

/** A role as an assignment names it. */
export interface RoleUse {
  readonly role: string;
  readonly assignment: number;
  readonly at: SourcePosition;
  readonly given: Written | undefined;
  readonly mode: 'enforce' | 'observe';
  /** Those of the assignment too. */
  readonly tags: readonly string[];
  /** `when` holds. */
  readonly isWanted: boolean;
}

/** The assignments of `site.yaml` for this host, in their order. A role that does not exist is reported and left out. */
export function hostAssignments({ value, source }: Document<SiteDocument>, compilation: Compilation): readonly HostAssignment[] {
  const { inventory, request, report } = compilation;
  const ours = value.assignments.flatMap((assignment, index) => {
    const { hosts, problems } = selectHosts(inventory, assignment.hosts);
    for (const problem of problems) report({ at: source.at(['assignments', index, 'hosts']), ...problem });
    return hosts.includes(request.host) ? [{ ...assignment, index }] : [];
  });
  return ours.map(({ index, mode: written, tags, roles, resources }): HostAssignment => {
    const path = ['assignments', index];
    const mode = request.observe === true ? 'observe' : written;
    const shared = tagsOf({ value: tags, source, path: [...path, 'tags'] }, compilation);
    const uses = roles.flatMap((named, place) => {
      const use = roleUse(named, source, [...path, 'roles', place], compilation);
      return use ? [{ ...use, assignment: index, mode, tags: [...new Set([...shared, ...use.tags])] }] : [];
    });
    return { index, mode, tags: shared, uses, resources };
  });
}

function roleUse(
  named: SiteDocument['assignments'][number]['roles'][number],
  source: LoadedFile,
  path: KeyPath,
  compilation: Compilation,
): Omit<RoleUse, 'assignment' | 'mode'> | undefined {
  const isBare = typeof named === 'string';
  const { role, with: parameters, when, tags } = isBare ? { role: named } : named;
  const at = source.at(isBare ? path : [...path, 'role']);
  if (!compilation.documents.roles.has(role)) {
    reportUnknownRole(role, at, compilation);
    return undefined;
  }
  const condition = { value: when, source, path: [...path, 'when'] };
  const isWanted = when === undefined || renderCondition(condition, compilation.scope, compilation).isTrue === true;
  const given = parameters === undefined ? undefined : { value: parameters, source, path: [...path, 'with'] };
  return { role, at, given, tags: tagsOf({ value: tags, source, path: [...path, 'tags'] }, compilation), isWanted };
}

function tagsOf(written: Written, compilation: Compilation): readonly string[] {
  const { value, problems } = renderWritten(written, compilation.scope, compilation);
  return problems.length > 0 ? [] : asList(value);
}
