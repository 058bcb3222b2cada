import { digestOf, isObject, own } from '../model/json.ts';
import { Secret } from '../model/secret.ts';
import { TemplateFailure } from './template-failure.ts';
import { asNumber, WholeFloat } from './template-number.ts';

/**
 * Whatever stands in an expression: JSON, `Secret`, and the classes below. Plain objects are only ever read by own key,
 * and nothing in a template can reach a JavaScript function, prototype or constructor.
 */
export type Value = unknown;

/** What a name stands for that has no value. Every use but `is defined`, `default` and `mandatory` is the problem it carries. */
export class Undefined {
  readonly failure: TemplateFailure;

  constructor(failure: TemplateFailure) {
    this.failure = failure;
  }

  /** A value that exists but cannot be had (an unreadable secret) must not be hidden by `default`. */
  get isDefined(): boolean {
    return this.failure.code !== 'undefined-variable';
  }
}

/** Arguments of a call, filter or test. */
export interface Call {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A macro or a global function. */
export class Callable {
  readonly name: string;
  readonly call: (call: Call) => Value;

  constructor(name: string, call: (call: Call) => Value) {
    this.name = name;
    this.call = call;
  }
}

/** A mapping whose members are made when asked for: `hostvars`, `secrets`, `loop`. */
export class LazyMapping {
  readonly keys: () => Iterable<string>;
  readonly get: (key: string) => Value;

  /** `get` gives undefined for an unknown key. */
  constructor(keys: () => Iterable<string>, get: (key: string) => Value) {
    this.keys = keys;
    this.get = get;
  }
}

/**
 * A mapping that has keys which a secret went into. Whoever knows a key gets its member, a `Secret` where it is a text; who looks
 * at the keys has looked at a secret. It is no value outside of templates.
 */
export class SecretMapping {
  /** What `holdsSecret` looks for. */
  readonly sensitive = true;
  readonly #members: { readonly [key: string]: Value };

  constructor(members: { readonly [key: string]: Value }) {
    this.#members = members;
  }

  get(key: string): Value {
    return own(this.#members, key);
  }

  reveal(): { readonly [key: string]: Value } {
    return this.#members;
  }

  toJSON(): { readonly $secret: string } {
    return { $secret: digestOf(this.#members) };
  }
}

/** `namespace()`: the one thing that a template may change. */
export class Namespace {
  readonly members: Map<string, Value>;

  constructor(members: Iterable<readonly [string, Value]>) {
    this.members = new Map(members);
  }
}

/** Ansible's `omit`: an attribute that becomes it is left out. */
export const omit: unique symbol = Symbol('omit');

/** What operations need from the render they are part of: bounds, and a witness when a secret is looked at. */
export interface Meter {
  /** Counts work; throws when the render has done too much. */
  spend(steps: number): void;
  /** What a secret stands for; the render is marked. */
  reveal(secret: Secret): string | number;
  /** The same for a mapping and its keys. */
  open(mapping: SecretMapping): { readonly [key: string]: Value };
  /** Whether a key may be shown: no secret was looked at, or git shows it anyway. */
  isPublic(key: string): boolean;
}

/** Characters that one string may have. */
const longestString = 4 * 1024 * 1024;
/** Items that one list may have. */
const longestList = 1_000_000;

/** Refuses strings that are too long; every operation that makes one calls it, before making it where the length is known. */
export const boundText = (length: number, meter: Meter): void => boundPieces(meter)(length);

/** The same for a string that is made piece by piece: each counts once, however long the string is by then. */
export function boundPieces(meter: Meter): (length: number) => void {
  let whole = 0;
  return (length) => {
    const before = whole >>> 6;
    whole += length;
    if (whole > longestString) throw new TemplateFailure('a text grew beyond 4 MiB', { code: 'too-large' });
    meter.spend((whole >>> 6) - before);
  };
}

/** The text that is written to `page`, bounded as one. */
export function gather(meter: Meter, write: (page: (text: string) => void) => void): string {
  const parts: string[] = [];
  const bound = boundPieces(meter);
  write((text) => {
    bound(text.length);
    parts.push(text);
  });
  return parts.join('');
}

export function boundList(length: number, meter: Meter): void {
  if (length > longestList) throw new TemplateFailure('a list grew beyond 1,000,000 items', { code: 'too-large' });
  meter.spend(length);
}

/** For what goes through a text or list that is there: 64 characters or items are a step. */
export function countRead<T extends { readonly length: number }>(read: T, meter: Meter): T {
  meter.spend(read.length >>> 6);
  return read;
}

/** For what goes through the keys or members of a mapping, which takes longer: 8 are a step. */
export function countMembers<T extends readonly unknown[]>(members: T, meter: Meter): T {
  meter.spend(members.length >>> 3);
  return members;
}

/** Throws the problem of an undefined value, passes every other value on. */
export function defined(value: Value): Value {
  if (value instanceof Undefined) throw value.failure;
  return value;
}

export const isMapping = (value: Value): value is { readonly [key: string]: Value } => isObject(value) && !isSpecial(value);

/** One whose members stand in it, hidden or not. */
export const isSolidMapping = (value: Value): boolean => isMapping(value) || value instanceof SecretMapping;

const isSpecial = (value: object): boolean =>
  value instanceof Undefined ||
  value instanceof Secret ||
  value instanceof Callable ||
  value instanceof LazyMapping ||
  value instanceof SecretMapping ||
  value instanceof Namespace ||
  value instanceof WholeFloat ||
  value instanceof RegExp;

/** How problems name a value; never shows the value itself. */
export function typeName(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Undefined) return 'undefined';
  if (value instanceof Callable) return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string' || value instanceof Secret) return 'a string';
  if (value instanceof WholeFloat) return 'a number';
  if (typeof value === 'object') return 'a mapping';
  return value === omit ? 'omit' : `a ${typeof value}`;
}

/** Python's truth: empty strings, lists and mappings, 0 and null are false. */
export function isTruthy(value: Value, meter: Meter): boolean {
  defined(value);
  if (value instanceof Secret) return Boolean(meter.reveal(value));
  if (Array.isArray(value)) return value.length > 0;
  if (isMapping(value)) return countMembers(Object.keys(value), meter).length > 0;
  return Boolean(asNumber(value));
}

/** Whether an argument was given, and is true. */
export const isYes = (value: Value, meter: Meter): boolean => value !== undefined && isTruthy(value, meter);

/** The members of any kind of mapping as own keys; undefined when the value is none. */
export function membersOf(value: Value, meter: Meter): { readonly [key: string]: Value } | undefined {
  if (isMapping(value)) return value;
  if (value instanceof SecretMapping) return meter.open(value);
  if (value instanceof Namespace) return Object.fromEntries(countMembers([...value.members], meter));
  if (!(value instanceof LazyMapping)) return undefined;
  const keys = [...value.keys()];
  boundList(keys.length, meter);
  return Object.fromEntries(keys.map((key) => [key, value.get(key)]));
}

/** What a `for` runs over: items of a list, keys of a mapping, characters of a string. */
export function itemsOf(value: Value, meter: Meter): readonly Value[] {
  defined(value);
  if (Array.isArray(value)) return countRead(value as readonly Value[], meter);
  if (value instanceof Secret) return itemsOf(meter.reveal(value), meter);
  if (typeof value === 'string') return charactersOf(countRead(value, meter));
  const members = membersOf(value, meter);
  if (members === undefined) throw new TemplateFailure(`expected a list or a mapping, found ${typeName(value)}`);
  return countMembers(Object.keys(members), meter);
}

/** What `groupby` makes: a pair whose parts have names too. */
export class Group extends Array<Value> {
  member(name: string): Value {
    return name === 'grouper' ? this[0] : name === 'list' ? this[1] : undefined;
  }
}

/** Python counts code points, not UTF-16 units. */
export const charactersOf = (text: string): string[] => Array.from(text);

/** Python's `==`: by value, lists and mappings by their members. */
export function isEqual(a: Value, b: Value, meter: Meter): boolean {
  meter.spend(1);
  if (a instanceof Secret) return isEqual(meter.reveal(a), b, meter);
  if (b instanceof Secret) return isEqual(a, meter.reveal(b), meter);
  if (a instanceof SecretMapping) return isEqual(meter.open(a), b, meter);
  if (b instanceof SecretMapping) return isEqual(a, meter.open(b), meter);
  defined(a);
  defined(b);
  if (typeof a === 'string' && typeof b === 'string' && a.length === b.length) countRead(a, meter);
  if (asNumber(a) === asNumber(b)) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index], meter));
  }
  if (!isMapping(a) || !isMapping(b)) return false;
  const keys = countMembers(Object.keys(a), meter);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key], meter));
}

/** Negative, zero or positive. Numbers (and booleans), strings, and lists by their first difference can be ordered. */
export function compareValues(a: Value, b: Value, meter: Meter): number {
  meter.spend(1);
  if (a instanceof Secret) return compareValues(meter.reveal(a), b, meter);
  if (b instanceof Secret) return compareValues(a, meter.reveal(b), meter);
  defined(a);
  defined(b);
  const [left, right] = [asNumber(a), asNumber(b)];
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') {
    countRead(left.length < right.length ? left : right, meter);
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    for (let index = 0; index < Math.min(left.length, right.length); index++) {
      if (!isEqual(left[index], right[index], meter)) return compareValues(left[index], right[index], meter);
    }
    return left.length - right.length;
  }
  throw new TemplateFailure(`cannot order ${typeName(a)} and ${typeName(b)}`);
}
