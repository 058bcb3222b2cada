import type { CatalogResource } from '../model/catalog.ts';
import type { Step } from '../model/plan.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import type { LastApplied } from '../model/last-applied.ts';

/**
 * Marks steps on paths that hold a secret of another resource, or held one when that was last applied: a secret must not be
 * shown because its file came under another kind, or has a second resource that edits it.
 */
export function secretPathMarker(
  resources: readonly CatalogResource[],
  ledger: ReadonlyMap<string, LastApplied>,
  types: (kind: string) => AnyResourceType,
): (step: Step) => Step {
  const pathsOf = ({ kind, desired }: Pick<LastApplied, 'kind' | 'desired'>): readonly string[] =>
    types(kind).watches?.(desired) ?? [];
  const secret = new Set([...resources, ...ledger.values()].filter(({ sensitive }) => sensitive).flatMap(pathsOf));
  if (secret.size === 0) return (step) => step;
  return (step) =>
    step.sensitive || !pathsOf(step.resource).some((path) => secret.has(path)) ? step : { ...step, sensitive: true };
}
