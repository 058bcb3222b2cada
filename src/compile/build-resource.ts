import * as z from 'zod';
import type { CatalogResource } from '../model/catalog.ts';
import { keysOf } from '../model/check-value.ts';
import { commonAttributes } from '../model/document.ts';
import { digestOf, isObject } from '../model/json.ts';
import type { Problem } from '../model/problem.ts';
import { holdsSecret } from '../model/secret.ts';
import type { AnyResourceType } from '../resources/resource-type.ts';
import { specOf } from '../resources/spec-of.ts';
import type { Unit } from './assign-roles.ts';
import { checkAttributes } from './check-attributes.ts';
import { asList } from './as-list.ts';
import type { Compilation } from './compilation.ts';
import type { Instance } from './expand-resource.ts';
import { familiarWords } from './familiar-words.ts';
import { type ListFiles, prepareContext } from './prepare-context.ts';
import { omit } from './template-value.ts';

/** A resource before its `after` and `notify` are known to exist. */
export interface Draft {
  readonly resource: CatalogResource;
  readonly type: AnyResourceType;
  /** What it was made from, for positions and for the order of roles. */
  readonly instance: Instance;
}

const common = z.strictObject(commonAttributes);
/** Rendered before the rest, by `expandResource`. */
const taken = new Set(['kind', 'when', 'for_each']);

/** The attributes of an instance, rendered and checked by its kind's schema; `checked` is undefined when there are problems. */
export function checkInstance({ document, unit, path, scope }: Instance, type: AnyResourceType, { engine }: Compilation) {
  const written = Object.fromEntries(Object.entries(document).filter(([key]) => !taken.has(key)));
  const { value, uses, problems } = engine.evaluateAll(written, scope, (inner) => unit.source.at([...path, ...inner]));
  const ofKind = (given: object) => checkAttributes(specOf(type), given, written, unit.source, path);
  if (problems.length > 0 || !isObject(value)) {
    // A mistyped "for_each" is why "item" is undefined.
    const own = Object.fromEntries(Object.entries(written).filter((entry) => !isCommon(entry)));
    const unknown = withFamiliarHints(ofKind(own).problems, own, type).filter(({ code }) => code === 'unknown-key');
    return { problems: [...unknown, ...problems], uses, checked: undefined };
  }
  const entries = Object.entries(withoutOmitted(value));
  const own = Object.fromEntries(entries.filter((entry) => !isCommon(entry)));
  const shared = checkAttributes(common, Object.fromEntries(entries.filter(isCommon)), written, unit.source, path);
  const attributes = ofKind(own);
  const found = [...shared.problems, ...withFamiliarHints(attributes.problems, own, type)];
  if (found.length > 0 || !attributes.value || !shared.value) return { problems: found, uses, checked: undefined };
  return { problems: found, uses, checked: { attributes: attributes.value, shared: shared.value } };
}

/** One catalog entry; undefined when a problem was reported. */
export function buildResource(
  instance: Instance,
  type: AnyResourceType,
  compilation: Compilation,
  listFiles: ListFiles,
): Draft | undefined {
  const { unit, scope, path } = instance;
  const { checked, problems, uses } = checkInstance(instance, type, compilation);
  const at = unit.source.at(path);
  if (!checked) {
    for (const problem of problems) compilation.report(problem);
    return undefined;
  }
  const { attributes, shared } = checked;
  const id = type.identify(attributes);
  const address = `${type.kind}[${id}]`;
  const variables = new Map([...instance.uses, ...uses].map(({ name, layer }) => [name, layer]));
  let failed = false;
  const context = prepareContext(
    {
      address,
      role: unit.role,
      scope,
      at: (inner) => unit.source.at([...path, ...inner]),
      used: (more) => more.forEach(({ name, layer }) => variables.set(name, layer)),
      report(problem) {
        failed = true;
        compilation.report(problem);
      },
    },
    compilation,
    listFiles,
  );
  const desired = type.prepare(attributes, context) as object | undefined;
  if (!desired || failed) return undefined;
  const resource: CatalogResource = {
    address,
    kind: type.kind,
    id,
    desired,
    digest: digestOf(desired),
    origin: {
      at,
      ...(unit.role !== undefined && { role: unit.role }),
      assignment: unit.assignment,
      variables: [...variables].map(([name, layer]) => ({ name, layer })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    },
    after: asList(shared.after),
    notify: asList(shared.notify),
    tags: [...new Set([...unit.tags, ...asList(shared.tags)])],
    onDrift: shared.on_drift ?? 'heal',
    prune: pruneOf(shared, unit),
    sensitive: shared.sensitive === true || holdsSecret(desired),
    mode: unit.mode,
  };
  return { resource, type, instance };
}

/** Once it has left git, nobody can tell any more which assignment it was of: one that observes must not be the reason for a removal. */
function pruneOf(
  {
    prune = 'yes',
    on_drift: onDrift = 'heal',
  }: { readonly prune?: 'yes' | 'no' | 'confirm' | undefined; readonly on_drift?: CatalogResource['onDrift'] | undefined },
  { mode }: Unit,
): CatalogResource['prune'] {
  if (prune !== 'yes') return prune;
  if (mode === 'observe') return 'confirm';
  return onDrift === 'heal' ? 'yes' : 'unless-changed';
}

/** Ansible's `{{ value | default(omit) }}`: the key is as if it had not been written. */
function withoutOmitted(value: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  const kept = Object.entries(value).filter(([, member]) => member !== omit);
  return Object.fromEntries(kept.map(([key, member]) => [key, plainObject(member) ? withoutOmitted(member) : member]));
}

const plainObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  isObject(value) && Object.getPrototypeOf(value) === Object.prototype;

const isCommon = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(commonAttributes, key);

/**
 * `notfy` is no attribute of the kind, but near to one that every resource has; `dest` is what others call `path`. What is missing
 * only because it has another name is told once.
 */
function withFamiliarHints(problems: readonly Problem[], own: object, type: AnyResourceType): readonly Problem[] {
  if (problems.length === 0) return problems;
  const common = Object.keys(commonAttributes);
  const known = [...keysOf(specOf(type)), ...common];
  const hinted = problems.map((problem): Problem => {
    const key = Object.keys(own).find((name) => problem.code === 'unknown-key' && problem.message === `unknown key "${name}"`);
    if (key === undefined) return problem;
    const hint = familiarWords.attribute(key, known) ?? `${problem.hint}; or, as every resource, ${common.join(', ')}`;
    return { ...problem, hint };
  });
  const meant = new Set(
    hinted.flatMap(({ code, hint }) => (code === 'unknown-key' ? /^did you mean (".*")\?$/.exec(hint ?? '')?.[1] : []) ?? []),
  );
  return hinted.filter(({ code, message }) => code !== 'missing-key' || !meant.has(message.replace(' is missing', '')));
}
