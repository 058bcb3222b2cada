import type { ResourceDocument } from '../model/document.ts';
import type { KeyPath } from '../model/located.ts';
import { Secret } from '../model/secret.ts';
import type { Unit } from './assign-roles.ts';
import type { Compilation } from './compilation.ts';
import { overlay } from './host-scope.ts';
import { renderCondition, renderWritten } from './render.ts';
import type { Evaluated } from './template-engine.ts';
import type { Scope, ScopeVariable } from './template-scope.ts';
import { isMapping, SecretMapping, typeName } from './template-value.ts';

/** Items that one `for_each` may have. */
const mostItems = 10_000;

/** A resource as written, for one item of its `for_each`. */
export interface Instance {
  readonly unit: Unit;
  readonly document: ResourceDocument;
  /** The path of the resource in the unit's source. */
  readonly path: KeyPath;
  readonly scope: Scope;
  /** `when` is false, of the resource or of its role. */
  readonly isSkipped: boolean;
  /** What `for_each` and `when` read. */
  readonly uses: Evaluated['uses'];
}

/** One instance per item; none where `for_each` or `when` has a problem, with `hasFailed` then true. */
export function expandResource(
  unit: Unit,
  document: ResourceDocument,
  index: number,
  compilation: Compilation,
): { readonly instances: readonly Instance[]; readonly hasFailed: boolean } {
  const path = [...unit.path, index];
  const { items, uses, hasFailed } = itemsOf(unit, document, path, compilation);
  const instances: Instance[] = [];
  let failed = hasFailed;
  for (const item of items) {
    const scope = overlay(compilation.scope, item === undefined ? unit.names : new Map([['item', item], ...unit.names]));
    const condition = { value: document.when, source: unit.source, path: [...path, 'when'] };
    const { isTrue, uses: conditionUses } = document.when === undefined ? always : renderCondition(condition, scope, compilation);
    failed ||= isTrue === undefined;
    if (isTrue === undefined) continue;
    instances.push({ unit, document, path, scope, isSkipped: unit.isSkipped || !isTrue, uses: [...uses, ...conditionUses] });
  }
  return { instances, hasFailed: failed };
}

const always = { isTrue: true, uses: [] } as const;
const nothing = { items: [], uses: [], hasFailed: true } as const;

function itemsOf(
  unit: Unit,
  { for_each: given }: ResourceDocument,
  path: KeyPath,
  compilation: Compilation,
): { readonly items: readonly (ScopeVariable | undefined)[]; readonly uses: Evaluated['uses']; readonly hasFailed: boolean } {
  if (given === undefined) return { items: [undefined], uses: [], hasFailed: false };
  const written = { value: given, source: unit.source, path: [...path, 'for_each'] };
  const done = renderWritten(written, overlay(compilation.scope, unit.names), compilation);
  if (done.problems.length > 0) return nothing;
  const bind = (value: unknown): ScopeVariable => ({ value, layer: 'for_each', templated: false });
  const values = Array.isArray(done.value)
    ? done.value
    : isMapping(done.value)
      ? Object.entries(done.value).map(([key, value]) => ({ key, value }))
      : done.value instanceof SecretMapping
        ? Object.entries(done.value.reveal()).map(([key, value]) => ({ key: Secret.of(key), value }))
        : undefined;
  const at = unit.source.at(written.path);
  if (values === undefined) {
    const hint = typeof given === 'string' && !given.includes('{{') ? `did you mean "{{ ${given} }}"?` : undefined;
    const message = `"for_each": expected a list or a mapping, found ${typeName(done.value)}`;
    compilation.report({ code: 'wrong-type', message, at, ...(hint !== undefined && { hint }) });
    return nothing;
  }
  if (values.length > mostItems) {
    compilation.report({ code: 'too-large', message: `"for_each" has more than ${mostItems} items`, at });
    return nothing;
  }
  return { items: values.map(bind), uses: done.uses, hasFailed: false };
}
