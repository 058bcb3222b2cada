import { isObject } from '../model/json.ts';
import type { KeyPath } from '../model/located.ts';
import { didYouMean } from '../model/nearest.ts';
import type { SourcePosition } from '../model/problem.ts';
import { Secret, type Secrets } from '../model/secret.ts';
import { TemplateFailure } from './template-failure.ts';
import { WholeFloat, withFloats } from './template-number.ts';
import { LazyMapping, Undefined, type Value } from './template-value.ts';

export interface ScopeVariable {
  readonly value: unknown;
  /** Where the value was set, for `explain`. */
  readonly layer: string;
  /** Inventory variables are templates themselves, rendered when they are looked up. Everything else is final. */
  readonly templated: boolean;
  readonly at?: SourcePosition;
  /** As in `LoadedFile`, of what is in the value. */
  readonly isFloat?: ((path: KeyPath) => boolean) | undefined;
}

/** The names that a template sees. `get` must give the same object each time, so that rendered values are kept. */
export interface Scope {
  get(name: string): ScopeVariable | undefined;
  names(): Iterable<string>;
  /** The scope that this one lays some names over; what does not depend on them is rendered once. */
  readonly base?: Scope;
}

/** A variable after rendering. */
interface Resolved {
  readonly value: Value;
  /** The variables that the value was made of, itself first. */
  readonly uses: ReadonlyMap<string, string>;
  /** Every name that was asked for on the way, found or not. */
  readonly asked: ReadonlySet<string>;
}

/** What rendering one string of a variable gives. */
export interface RenderedText extends Resolved {
  /** Why there is no value. */
  readonly failure?: TemplateFailure | undefined;
}

export interface Variables {
  /** Undefined when the scope has no such name. */
  resolve(scope: Scope, name: string): Resolved | undefined;
  /** Another host's variables, for `hostvars`. */
  mapping(scope: Scope): LazyMapping;
}

const layerOf = (name: string, { layer }: ScopeVariable): ReadonlyMap<string, string> => new Map([[name, layer]]);

/**
 * Looks variables up and renders them on the way, at most once per scope that they depend on. A failure inside a variable is
 * kept as its value, so that it is only reported when the value is used.
 */
export function createVariables(
  secrets: Secrets,
  renderText: (text: string | Secret, scope: Scope, at: SourcePosition | undefined) => RenderedText,
): Variables {
  const memos = new WeakMap<Scope, Map<string, Resolved>>();
  const resolving: { readonly scope: Scope; readonly name: string }[] = [];

  const memoOf = (scope: Scope): Map<string, Resolved> => {
    const memo = memos.get(scope) ?? new Map<string, Resolved>();
    memos.set(scope, memo);
    return memo;
  };

  const isShared = (scope: Scope, base: Scope, { asked }: Resolved): boolean =>
    asked.values().every((name) => scope.get(name) === base.get(name));

  const render = (name: string, variable: ScopeVariable, scope: Scope): Resolved => {
    const cycle = resolving.findIndex((entry) => entry.name === name && entry.scope === scope);
    if (cycle >= 0) {
      const path = [...resolving.slice(cycle).map((entry) => entry.name), name].join(' → ');
      throw new TemplateFailure(`variables refer to each other in a circle: ${path}`, { code: 'cycle', at: variable.at });
    }
    if (resolving.length >= 100) throw new TemplateFailure('variables refer to each other too deeply', { code: 'too-large' });
    const uses = new Map(layerOf(name, variable));
    const asked = new Set([name]);
    const renderLeaf = (text: string | Secret): Value => {
      const rendered = renderText(text, scope, variable.at);
      for (const [used, layer] of rendered.uses) uses.set(used, layer);
      for (const word of rendered.asked) asked.add(word);
      if (rendered.failure === undefined) return rendered.value;
      if (rendered.failure.code === 'too-large') throw rendered.failure;
      return new Undefined(inVariable(rendered.failure, name, variable));
    };
    resolving.push({ scope, name });
    try {
      return { value: prepare(withFloats(variable.value, variable.isFloat), renderLeaf, secrets, variable.at, 0), uses, asked };
    } finally {
      resolving.pop();
    }
  };

  const resolve = (scope: Scope, name: string): Resolved | undefined => {
    const variable = scope.get(name);
    if (variable === undefined) return undefined;
    if (!variable.templated) return { value: variable.value, uses: layerOf(name, variable), asked: new Set([name]) };
    const { base } = scope;
    const shared = base === undefined ? undefined : memoOf(base).get(name);
    if (shared && isShared(scope, base!, shared)) return shared;
    const own = memoOf(scope).get(name);
    if (own) return own;
    const made = render(name, variable, scope);
    const isCommon = base !== undefined && isShared(scope, base, made);
    memoOf(isCommon ? base : scope).set(name, made);
    return made;
  };

  return {
    resolve,
    mapping: (scope) =>
      new LazyMapping(
        () => scope.names(),
        (name) => resolve(scope, name)?.value,
      ),
  };
}

function inVariable(failure: TemplateFailure, name: string, { layer, at }: ScopeVariable): TemplateFailure {
  const isKnown = failure.message.includes('in the variable');
  const message = isKnown ? failure.message : `${failure.message}, in the variable "${name}" of ${layer}`;
  return new TemplateFailure(message, { code: failure.code, hint: failure.hint, at: failure.at ?? at });
}

/**
 * A raw value ready for templates: strings rendered, also those of encrypted files, vault texts as secrets (or the problem of one that
 * cannot be decrypted here), unsafe texts taken as they are.
 */
function prepare(
  value: unknown,
  renderLeaf: (text: string | Secret) => Value,
  secrets: Secrets,
  at: SourcePosition | undefined,
  depth: number,
): Value {
  if (typeof value === 'string' || value instanceof Secret) return renderLeaf(value);
  if (depth > 200) throw new TemplateFailure('a value is nested too deeply', { code: 'too-large', at });
  if (Array.isArray(value)) return value.map((item) => prepare(item, renderLeaf, secrets, at, depth + 1));
  if (!isObject(value) || value instanceof WholeFloat) return value;
  const tagged = openTagged(value, secrets, at);
  if (tagged !== undefined) return tagged;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, prepare(member, renderLeaf, secrets, at, depth + 1)]),
  );
}

/** What a `!vault` or `!unsafe` value stands for; undefined for any other mapping. */
export function openTagged(value: { readonly [key: string]: unknown }, secrets: Secrets, at?: SourcePosition): Value {
  const { __ansible_vault: vault, __ansible_unsafe: unsafe } = value;
  if (typeof vault === 'string') return readable(secrets.vault(vault), 'the vault value', at);
  return typeof unsafe === 'string' || unsafe instanceof Secret ? unsafe : undefined;
}

function readable(secret: Secret | { readonly unreadable: string }, what: string, at?: SourcePosition): Secret | Undefined {
  if (secret instanceof Secret) return secret;
  const message = `${what} cannot be decrypted here: ${secret.unreadable}`;
  const hint = '`reconcile doctor` shows which keys this host has';
  return new Undefined(new TemplateFailure(message, { code: 'secret-unreadable', hint, at }));
}

/** `secrets.NAME`. */
export const secretsMapping = (secrets: Secrets): LazyMapping =>
  new LazyMapping(
    () => secrets.names,
    (name) => {
      const secret = secrets.get(name);
      return secret === undefined ? unknownSecret(name, secrets) : readable(secret, `the secret "${name}"`);
    },
  );

function unknownSecret(name: string, { names }: Secrets): Undefined {
  const hint = didYouMean(name, names) ?? `\`reconcile secret set ${name} < FILE\` writes it`;
  const message = `there is no secret "${name}": desired-state/secrets/ has no ${name}.age`;
  return new Undefined(new TemplateFailure(message, { code: 'undefined-variable', hint }));
}
