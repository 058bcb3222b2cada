import type * as z from 'zod';
import { cut } from './cut.ts';
import { isObject } from './json.ts';
import type { KeyPath } from './located.ts';
import { didYouMean } from './nearest.ts';
import { Secret } from './secret.ts';

/** One way in which a value does not fit its schema. Never quotes the value: it may be secret. */
export interface Misfit {
  readonly code: 'unknown-key' | 'missing-key' | 'wrong-type';
  readonly path: KeyPath;
  /** Whether the key at the end of `path` is wrong, rather than its value. */
  readonly isKey: boolean;
  readonly message: string;
  readonly hint?: string;
}

/** How schemas are used: each but a few times in a run, for which making code of it takes longer than it saves. */
export const interpreted = { jitless: true } as const;

type Issue = z.core.$ZodIssue;
type Type = z.core.$ZodTypes;

/** Checks a value by a zod schema. Each misfit names what was expected and the nearest right word; never throws on bad values. */
export function checkValue<S extends z.ZodType>(
  schema: S,
  value: unknown,
): { readonly value?: z.output<S>; readonly misfits: readonly Misfit[] } {
  const checked = schema.safeParse(value, interpreted);
  if (checked.success) return { value: checked.data, misfits: [] };
  const misfits = checked.error.issues.flatMap((issue) => misfitsOf(issue, [], schema as unknown as Type, value));
  const distinct = new Map(misfits.reverse().map((misfit) => [JSON.stringify([misfit.path, misfit.isKey]), misfit]));
  return { misfits: withoutEchoes([...distinct.values()].reverse()) };
}

/** A key that is missing only because it was mistyped is told once, as the typing error. */
function withoutEchoes(misfits: readonly Misfit[]): readonly Misfit[] {
  const placeOf = (path: KeyPath, key: string | number | undefined): string => JSON.stringify([...path.slice(0, -1), key]);
  const meant = new Set(
    misfits.flatMap(({ code, path, hint }) => {
      const near = code === 'unknown-key' ? /^did you mean "(.*)"\?$/.exec(hint ?? '')?.[1] : undefined;
      return near === undefined ? [] : [placeOf(path, near)];
    }),
  );
  return misfits.filter(({ code, path }) => code !== 'missing-key' || !meant.has(placeOf(path, path.at(-1))));
}

/** `base` and `schema` are those of the union's value while one of its branches is explained; `root` is the value at `base`. */
function misfitsOf(issue: Issue, base: KeyPath, schema: Type, root: unknown): readonly Misfit[] {
  const inner = issue.path.filter((step) => typeof step !== 'symbol');
  const path = [...base, ...inner];
  const actual = inner.reduce<unknown>(memberOf, root);
  const wrong = (message: string, hint?: string): Misfit[] => [
    { code: 'wrong-type', path, isKey: false, message, ...(hint === undefined ? {} : { hint }) },
  ];
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, path, keysOf(schemaAt(schema, inner) as z.ZodType | undefined));
    case 'invalid_union':
      return unionMisfits(issue, path, schemaAt(schema, inner), actual);
    case 'invalid_type':
      return actual === undefined && path.length > 0
        ? [missing(path, custom(issue, '') || undefined)]
        : wrong(...wrongType(issue, actual));
    case 'invalid_value': {
      const values = issue.values.map(String);
      if (actual === undefined && path.length > 0) return [missing(path, `expected ${oneOf(values)}`)];
      return wrong(`expected ${oneOf(values)}`, typeof actual === 'string' ? didYouMean(actual, values) : undefined);
    }
    case 'invalid_key':
    case 'invalid_element': {
      const [first] = issue.issues;
      const message = first ? custom(first, 'a key of another form') : 'a key of another form';
      return [{ code: 'wrong-type', path, isKey: true, message }];
    }
    default:
      return actual === undefined && path.length > 0 ? [missing(path)] : wrong(custom(issue, bound(issue)));
  }
}

const missing = (path: KeyPath, hint?: string): Misfit => ({
  code: 'missing-key',
  path,
  isKey: false,
  message: `"${path.at(-1)}" is missing`,
  ...(hint === undefined ? {} : { hint }),
});

function unknownKeys(keys: readonly string[], path: KeyPath, known: readonly string[]): Misfit[] {
  return keys.map((key) => {
    const hint = didYouMean(key, known) ?? (known.length > 0 ? `expected ${oneOf(known)}` : undefined);
    const message = `unknown key "${cut(key, 60)}"`;
    return { code: 'unknown-key', path: [...path, key], isKey: true, message, ...(hint === undefined ? {} : { hint }) };
  });
}

function wrongType(issue: Issue & { readonly code: 'invalid_type' }, actual: unknown): [message: string, hint?: string] {
  const expected = typeWords[issue.expected] ?? `a value of type ${issue.expected}`;
  const message = custom(issue, `expected ${expected}, got ${wordFor(actual)}`);
  const boolean = issue.expected === 'boolean' ? booleanHint(actual) : undefined;
  if (boolean !== undefined) return [message, boolean];
  const isUnquoted = issue.expected === 'string' && (typeof actual === 'number' || typeof actual === 'boolean');
  return isUnquoted && message.startsWith('expected a text') ? [message, 'write it in quotes'] : [message];
}

/** Where true or false is wanted: Ansible reads these words so, YAML 1.2 as texts. */
export function booleanHint(actual: unknown): string | undefined {
  if (typeof actual !== 'string') return undefined;
  const [, yes, no] = /^(?:(yes|on)|(no|off))$/i.exec(actual) ?? [];
  return (yes ?? no) && `write ${yes !== undefined}: ${actual} is a text in YAML 1.2`;
}

/** Explains the branch that was probably meant: the one whose own form fits, else all branches at once. */
function unionMisfits(
  issue: Issue & { readonly code: 'invalid_union' },
  path: KeyPath,
  schema: Type | undefined,
  actual: unknown,
): readonly Misfit[] {
  if (actual === undefined) return [missing(path)];
  const said = custom(issue, '');
  if (said !== '') return [{ code: 'wrong-type', path, isKey: false, message: said }];
  const options = schema ? optionsOf(schema) : [];
  const branches = issue.errors.map((issues, index) => ({ issues, option: options[index] }));
  const fitting = branches.filter(
    ({ issues }) => issues.length > 0 && issues.every((each) => each.path.length > 0 || !isForm(each)),
  );
  const likely = branches.filter(({ issues }) => !issues.some((each) => each.path.length === 0 && each.code === 'invalid_type'));
  const isPlain = typeof actual !== 'object' || actual === null;
  const [only] = isPlain ? [] : fitting.length === 1 ? fitting : likely.length === 1 ? likely : [];
  if (only?.option) return only.issues.flatMap((each) => misfitsOf(each, path, only.option as Type, actual));
  if (isObject(actual) && likely.length > 0) {
    const known = [...new Set(likely.flatMap(({ option }) => keysOf(option as z.ZodType | undefined)))];
    const wrong = Object.keys(actual).filter((key) => !known.includes(key));
    if (wrong.length > 0) return unknownKeys(wrong, path, known);
    const message = known.length > 0 ? `expected exactly one of ${known.join(', ')}` : 'a mapping of another form';
    return [{ code: 'wrong-type', path, isKey: false, message }];
  }
  const expected = [...new Set(branches.flatMap(({ issues }) => issues.slice(0, 1).map(formWord)))];
  const words = branches.flatMap(({ issues }) =>
    issues.flatMap((each) => (each.code === 'invalid_value' ? each.values.map(String) : [])),
  );
  const isBoolean = issue.errors.flat().some((each) => each.code === 'invalid_type' && each.expected === 'boolean');
  const hint =
    (isBoolean ? booleanHint(actual) : undefined) ?? (typeof actual === 'string' ? didYouMean(actual, words) : undefined);
  // Some texts would do: that it is one says nothing.
  const got = typeof actual === 'string' && words.length > 0 ? '' : `, got ${wordFor(actual)}`;
  const message = `expected ${expected.join(' or ')}${got}`;
  return [{ code: 'wrong-type', path, isKey: false, message, ...(hint !== undefined && { hint }) }];
}

const isForm = ({ code }: Issue): boolean => code === 'invalid_type' || code === 'unrecognized_keys';

function formWord(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.path.length === 0) return typeWords[issue.expected] ?? issue.expected;
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String));
  return custom(issue, bound(issue)).replace(/^expected /, '');
}

/** Messages that a schema gives itself win over ours. */
function custom(issue: Issue, otherwise: string): string {
  return /^(?:Invalid|Too |Unrecognized)/.test(issue.message) ? otherwise : issue.message;
}

function bound(issue: Issue): string {
  if (issue.code === 'too_small') {
    if (issue.origin === 'string')
      return Number(issue.minimum) <= 1 ? 'expected a text that is not empty' : `expected at least ${issue.minimum} characters`;
    return issue.origin === 'array'
      ? `expected at least ${issue.minimum} item(s)`
      : `expected a number of at least ${issue.minimum}`;
  }
  if (issue.code === 'too_big') {
    if (issue.origin === 'string') return `expected at most ${issue.maximum} characters`;
    return issue.origin === 'array' ? `expected at most ${issue.maximum} items` : `expected a number of at most ${issue.maximum}`;
  }
  return issue.code === 'invalid_format' ? 'a text of another form' : 'a value of another form';
}

const typeWords: { readonly [type: string]: string } = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

function wordFor(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (value instanceof Secret) return 'a secret';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number';
  if (typeof value === 'boolean') return String(value);
  const type = Array.isArray(value) ? 'array' : typeof value;
  return typeWords[type] ?? type;
}

const oneOf = (words: readonly string[]): string => (words.length === 1 ? `"${words[0]}"` : `one of ${words.join(', ')}`);

const memberOf = (value: unknown, step: string | number): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string, unknown>)[step]
    : undefined;

/** The schema without what only adds defaults and transforms. */
function bare(schema: Type): Type {
  const { def } = schema._zod;
  if ('innerType' in def) return bare(def.innerType as Type);
  return def.type === 'pipe' ? bare(def.in as Type) : schema;
}

const optionsOf = (schema: Type): readonly Type[] => {
  const { def } = bare(schema)._zod;
  return def.type === 'union' ? (def.options as readonly Type[]) : [];
};

/** The keys that a mapping of this schema may have. */
export function keysOf(schema: z.ZodType | undefined): readonly string[] {
  if (!schema) return [];
  const { def } = bare(schema as unknown as Type)._zod;
  if (def.type === 'object') return Object.keys(def.shape);
  return def.type === 'union' ? [...new Set((def.options as readonly z.ZodType[]).flatMap(keysOf))] : [];
}

function schemaAt(schema: Type, path: KeyPath): Type | undefined {
  let found: Type | undefined = schema;
  for (const step of path) {
    if (!found) return undefined;
    const { def } = bare(found)._zod;
    if (def.type === 'object') found = def.shape[String(step)] as Type | undefined;
    else if (def.type === 'array') found = def.element as Type;
    else if (def.type === 'record') found = def.valueType as Type;
    else return undefined;
  }
  return found;
}
