import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { Document, RoleDocument } from '../model/document.ts';
import { booleanHint } from '../model/check-value.ts';
import { isObject, own } from '../model/json.ts';
import type { KeyPath } from '../model/located.ts';
import { didYouMean } from '../model/nearest.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import { Secret } from '../model/secret.ts';
import { runWithin, type TimeBudget } from '../model/time-limit.ts';
import type { Compilation } from './compilation.ts';
import { renderWritten, type Written } from './render.ts';
import { roleSchema } from './role-schema.ts';
import { TemplateFailure } from './template-failure.ts';
import { WholeFloat } from './template-number.ts';
import { SecretMapping } from './template-value.ts';

/** Milliseconds. */
const longestCheck = 1000;

/**
 * The parameters that a role gets: what `with:` says, rendered in the host's scope, and the defaults of the role's own JSON
 * Schema (which may be templates too). What the schema does not accept, and parameters it does not know, are problems.
 * Undefined when there are any. Secrets are checked as the text they stand for.
 */
export function roleParameters(
  role: string,
  document: Document<RoleDocument>,
  given: Written | undefined,
  used: SourcePosition,
  compilation: Compilation,
): { readonly [name: string]: unknown } | undefined {
  const { parameters: schema } = document.value;
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const rendered = given ? renderWritten(given, compilation.scope, compilation) : undefined;
  if (rendered && rendered.problems.length > 0) return undefined;
  const values: { [name: string]: unknown } = isObject(rendered?.value) ? { ...rendered.value } : {};
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(values, name) || !isObject(property) || property['default'] === undefined) continue;
    const path = ['parameters', 'properties', name, 'default'];
    const made = renderWritten({ value: property['default'], source: document.source, path }, compilation.scope, compilation);
    if (made.problems.length > 0) return undefined;
    values[name] = made.value;
  }

  const validate = roleSchema(schema, compilation.schemaTime);
  if (typeof validate === 'string') {
    const message = `the parameters of role "${role}" are not a JSON Schema: ${validate}`;
    const hint = 'write each under "properties:", as in days: { type: integer, default: 30 }';
    compilation.report({ code: 'role-parameter', message, at: document.source.at(['parameters']), hint });
    return undefined;
  }
  const at = (path: KeyPath): SourcePosition => (given ? given.source.at([...given.path, ...path]) : used);
  const keyAt = (path: KeyPath): SourcePosition => (given ? given.source.keyAt([...given.path, ...path]) : used);
  const problems = isOpen(schema)
    ? []
    : Object.keys(values).flatMap((name) => unknownParameter(role, name, schema, keyAt([name])));
  const plain = revealed(values);
  const outcome = outcomeOf(validate, plain, compilation.schemaTime);
  if (typeof outcome === 'string') {
    problems.push({ code: 'role-parameter', message: `the parameters of role "${role}": ${outcome}`, at: at([]) });
  } else {
    problems.push(...outcome.map((error) => problemOf(role, error, { at, keyAt }, properties, values)));
  }
  for (const problem of problems) compilation.report(problem);
  return problems.length > 0 ? undefined : (hidden(plain, values) as { readonly [name: string]: unknown });
}

/** Roles take no parameters but those they name, unless their schema says so. */
const isOpen = (schema: { readonly [keyword: string]: unknown }): boolean =>
  'additionalProperties' in schema || 'patternProperties' in schema || 'unevaluatedProperties' in schema || '$ref' in schema;

function unknownParameter(
  role: string,
  name: string,
  schema: { readonly [keyword: string]: unknown },
  at: SourcePosition,
): Problem[] {
  const properties = schema['properties'] ?? {};
  if (Object.hasOwn(properties, name)) return [];
  const known = Object.keys(properties);
  const takes = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
  const hint = Object.hasOwn(schema, name)
    ? `put it under "properties:" of the role's parameters`
    : (didYouMean(name, known) ?? takes);
  return [{ code: 'role-parameter', message: `role "${role}" has no parameter "${name}"`, at, hint }];
}

/** What is wrong with the values, or why that cannot be told. */
function outcomeOf(validate: ValidateFunction, values: unknown, budget: TimeBudget): readonly ErrorObject[] | string {
  try {
    const done = runWithin(budget, longestCheck, () => validate(values));
    if (!done) return 'the check takes too long';
    return done.value ? [] : (validate.errors ?? []);
  } catch (error) {
    if (error instanceof TemplateFailure) return error.message;
    if (error instanceof RangeError) return 'the JSON Schema refers to itself without an end';
    throw error;
  }
}

function problemOf(
  role: string,
  { instancePath, keyword, params, message }: ErrorObject,
  locate: { at(path: KeyPath): SourcePosition; keyAt(path: KeyPath): SourcePosition },
  properties: object,
  values: unknown,
): Problem {
  const { path, isShown } = shownPath(instancePath, values);
  const name = path.join('.');
  if (keyword === 'required') {
    const missing = [...path, String(params['missingProperty'])].join('.');
    return { code: 'role-parameter', message: `role "${role}" needs the parameter "${missing}"`, at: locate.at(path) };
  }
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const key = isShown ? String(params['additionalProperty'] ?? params['unevaluatedProperty']) : '<secret>';
    const at = locate.keyAt([...path, key]);
    if (path.length > 0)
      return { code: 'role-parameter', message: `parameter "${name}" of role "${role}" has no key "${key}"`, at };
    const [unknown] = unknownParameter(role, key, { properties }, at);
    // An `allOf` may refuse what stands in the properties beside it.
    return (
      unknown ?? { code: 'role-parameter', message: `a part of the schema of role "${role}" refuses the parameter "${key}"`, at }
    );
  }
  const allowed =
    keyword === 'enum' ? `: ${(params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ')}` : '';
  const words = keyword === 'type' ? `must be ${typeWords[String(params['type'])] ?? String(params['type'])}` : message;
  const subject = path.length === 0 ? `the parameters of role "${role}"` : `parameter "${name}" of role "${role}"`;
  const hint = words === `must be ${typeWords['boolean']}` ? booleanHint(valueAt(values, path)) : undefined;
  return {
    code: 'role-parameter',
    message: `${subject} ${words ?? 'is not valid'}${allowed}`,
    at: locate.at(path),
    ...(hint !== undefined && { hint }),
  };
}

/** Never of a secret: that is no text here. */
const valueAt = (values: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, key) => (isObject(inner) ? own(inner, key) : undefined), values);

/** A JSON pointer as a path. Keys that a secret went into are masked; `isShown` is false where the next one would be. */
function shownPath(pointer: string, values: unknown): { readonly path: readonly string[]; readonly isShown: boolean } {
  const path: string[] = [];
  let inner = values;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(inner instanceof SecretMapping ? '<secret>' : key);
    if (!(inner instanceof SecretMapping)) inner = (inner as { readonly [key: string]: unknown } | undefined)?.[key];
  }
  return { path, isShown: !(inner instanceof SecretMapping) };
}

const typeWords: { readonly [type: string]: string } = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  string: 'a text',
};

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.value();
  if (value instanceof WholeFloat) return value.value;
  if (value instanceof SecretMapping) return revealed(value.reveal());
  if (Array.isArray(value)) return value.map(revealed);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revealed(member)])) : value;
}

/** The checked value, completed by defaults, with the secrets and floats of the original in their places again. */
function hidden(checked: unknown, original: unknown): unknown {
  if (original instanceof Secret || original instanceof WholeFloat) return original;
  if (original instanceof SecretMapping)
    return new SecretMapping(hidden(checked, original.reveal()) as { readonly [key: string]: unknown });
  if (Array.isArray(checked))
    return checked.map((item, index) => hidden(item, Array.isArray(original) ? original[index] : undefined));
  if (!isObject(checked)) return checked;
  const before = isObject(original) ? original : {};
  return Object.fromEntries(Object.entries(checked).map(([key, member]) => [key, hidden(member, own(before, key))]));
}
