import { didYouMean, nearest } from '../model/nearest.ts';
import { Secret } from '../model/secret.ts';
import { bindCall, required } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { type Method, stringMethods } from './template-string-methods.ts';
import { toText } from './template-text.ts';
import {
  charactersOf,
  type Call,
  Callable,
  isEqual,
  isMapping,
  itemsOf,
  LazyMapping,
  membersOf,
  type Meter,
  Namespace,
  SecretMapping,
  typeName,
  Undefined,
  type Value,
} from './template-value.ts';

const listMethods: { readonly [name: string]: Method<readonly Value[]> } = {
  count: {
    params: ['item', '/'],
    run: (list, [item], meter) => list.filter((member) => isEqual(member, required(item, 'item'), meter)).length,
  },
  index: {
    params: ['item', '/'],
    run(list, [item], meter) {
      const index = list.findIndex((member) => isEqual(member, required(item, 'item'), meter));
      if (index < 0) throw new TemplateFailure('the list does not have that item');
      return index;
    },
  },
};

const mappingMethods: { readonly [name: string]: Method<{ readonly [key: string]: Value }> } = {
  items: { params: [], run: (mapping) => Object.entries(mapping) },
  keys: { params: [], run: (mapping) => Object.keys(mapping) },
  values: { params: [], run: (mapping) => Object.values(mapping) },
  get: {
    params: ['key', 'default', '/'],
    run(mapping, [key, otherwise = null], meter) {
      const name = toText(required(key, 'key'), meter);
      return Object.hasOwn(mapping, name) ? mapping[name] : otherwise;
    },
  },
};

/** The same word on any object: looked up among own keys only, so that `constructor` and `__proto__` are ordinary names. */
const methodOf = <T>(table: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/**
 * `subject.key` and `subject[key]`: own keys of mappings, items of lists and characters of strings (negative from the end).
 * Nothing else has members: not functions, not prototypes. An unknown one is `Undefined` with the nearest right name.
 */
export function memberOf(subject: Value, key: Value, shown: string, meter: Meter): Value {
  if (subject instanceof Undefined) return subject;
  if (key instanceof Undefined) throw key.failure;
  if (subject instanceof Secret) return memberOf(meter.reveal(subject), key, shown, meter);
  if (typeof key === 'number' && (Array.isArray(subject) || typeof subject === 'string')) {
    const items: readonly Value[] = typeof subject === 'string' ? charactersOf(subject) : subject;
    const index = key < 0 ? key + items.length : key;
    if (Number.isInteger(key) && index >= 0 && index < items.length) return items[index];
    return missing(`${shown} has ${items.length} items, there is no index ${key}`);
  }
  const name = toText(key, meter);
  if (isMapping(subject)) {
    if (Object.hasOwn(subject, name)) return subject[name];
    const near = nearest(name, Object.keys(subject));
    const isShown = near !== undefined && meter.isPublic(near);
    return missing(`${shown} has no key "${name}"`, name, isShown ? [near] : []);
  }
  if (subject instanceof SecretMapping) {
    const value = subject.get(name);
    return value === undefined ? missing(`${shown} has no key "${name}"`) : value;
  }
  if (subject instanceof LazyMapping) {
    const value = subject.get(name);
    return value === undefined ? missing(`${shown} has no key "${name}"`, name, subject.keys()) : value;
  }
  if (subject instanceof Namespace) {
    return subject.members.has(name)
      ? subject.members.get(name)
      : missing(`${shown} has no key "${name}"`, name, subject.members.keys());
  }
  return missing(`${shown} is ${typeName(subject)} and has no key "${name}"`);
}

function missing(message: string, name?: string, names: Iterable<string> = []): Undefined {
  const hint = name === undefined ? undefined : didYouMean(name, names);
  return new Undefined(new TemplateFailure(message, { code: 'undefined-variable', hint }));
}

/** `subject.name(arguments)`: one of the methods that Python has and that change nothing, or a function that is a member. */
export function callMethod(subject: Value, name: string, call: Call, shown: string, meter: Meter): Value {
  if (subject instanceof Undefined) throw subject.failure;
  if (subject instanceof Secret) return callMethod(meter.reveal(subject), name, call, shown, meter);
  const found =
    typeof subject === 'string'
      ? bound(subject, name, methodOf(stringMethods, name))
      : Array.isArray(subject)
        ? bound(itemsOf(subject, meter), name, methodOf(listMethods, name))
        : mappingMethod(subject, name, meter);
  if (found !== undefined) return found(call, meter);
  const member = memberOf(subject, name, shown, meter);
  if (member instanceof Callable) return member.call(call);
  const names = typeof subject === 'string' ? stringMethods : Array.isArray(subject) ? listMethods : mappingMethods;
  const hint = didYouMean(name, Object.keys(names));
  throw new TemplateFailure(`${shown} is ${typeName(subject)} and has no method "${name}" that templates may call`, { hint });
}

function mappingMethod(subject: Value, name: string, meter: Meter): ((call: Call, meter: Meter) => Value) | undefined {
  const method = methodOf(mappingMethods, name);
  const members = method === undefined ? undefined : membersOf(subject, meter);
  return members === undefined ? undefined : bound(members, name, method);
}

function bound<T>(subject: T, name: string, method: Method<T> | undefined): ((call: Call, meter: Meter) => Value) | undefined {
  return (
    method && ((call, meter) => method.run(subject, bindCall(`the method "${name}"`, method.params, call), meter, call.named))
  );
}
