import { own } from '../model/json.ts';
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
  countMembers,
  countRead,
  Group,
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
  items: { params: [], run: (mapping, _given, meter) => countMembers(Object.entries(mapping), meter) },
  keys: { params: [], run: (mapping, _given, meter) => countMembers(Object.keys(mapping), meter) },
  values: { params: [], run: (mapping, _given, meter) => countMembers(Object.values(mapping), meter) },
  get: {
    params: ['key', 'default', '/'],
    run(mapping, [key, otherwise = null], meter) {
      const name = toText(required(key, 'key'), meter);
      return Object.hasOwn(mapping, name) ? mapping[name] : otherwise;
    },
  },
};

const changingLists = ['append', 'extend', 'insert', 'pop', 'remove', 'clear', 'sort', 'reverse'];
const changingMappings = ['update', 'pop', 'popitem', 'setdefault', 'clear'];

/** What to write in the place of a method that would change a value. */
function insteadOf(subject: Value, name: string): string | undefined {
  if (Array.isArray(subject) && changingLists.includes(name))
    return 'lists cannot be changed: make `ns = namespace(list=[])` before the loop, then {% set ns.list = ns.list + [item] %}';
  if (!Array.isArray(subject) && typeof subject !== 'string' && changingMappings.includes(name))
    return 'mappings cannot be changed: make `ns = namespace(map={})` before the loop, then {% set ns.map = ns.map | combine({key: value}) %}';
  return undefined;
}

/**
 * `subject.key` and `subject[key]`: own keys of mappings, items of lists and characters of strings (negative from the end).
 * Nothing else has members: not functions, not prototypes. An unknown one is `Undefined` with the nearest right name.
 */
export function memberOf(subject: Value, key: Value, shown: string, meter: Meter): Value {
  if (subject instanceof Undefined) return subject;
  if (key instanceof Undefined) throw key.failure;
  if (subject instanceof Secret) return memberOf(meter.reveal(subject), key, shown, meter);
  if (typeof key === 'number' && (Array.isArray(subject) || typeof subject === 'string')) {
    const items: readonly Value[] = typeof subject === 'string' ? charactersOf(countRead(subject, meter)) : subject;
    const index = key < 0 ? key + items.length : key;
    if (Number.isInteger(key) && index >= 0 && index < items.length) return items[index];
    return missing(`${shown} has ${items.length} items, there is no index ${key}`);
  }
  const name = toText(key, meter);
  const part = subject instanceof Group ? subject.member(name) : undefined;
  if (part !== undefined) return part;
  if (isMapping(subject)) {
    if (Object.hasOwn(subject, name)) return subject[name];
    return missing(`${shown} has no key "${name}"`, () => {
      const near = nearest(name, Object.keys(subject));
      return near !== undefined && meter.isPublic(near) ? didYouMean(name, [near]) : undefined;
    });
  }
  if (subject instanceof SecretMapping) {
    const value = subject.get(name);
    return value === undefined ? missing(`${shown} has no key "${name}"`) : value;
  }
  if (subject instanceof LazyMapping) {
    const value = subject.get(name);
    return value === undefined ? missing(`${shown} has no key "${name}"`, () => didYouMean(name, subject.keys())) : value;
  }
  if (subject instanceof Namespace) {
    return subject.members.has(name)
      ? subject.members.get(name)
      : missing(`${shown} has no key "${name}"`, () => didYouMean(name, subject.members.keys()));
  }
  return missing(`${shown} is ${typeName(subject)} and has no key "${name}"`);
}

function missing(message: string, hint?: () => string | undefined): Undefined {
  return new Undefined(new TemplateFailure(message, { code: 'undefined-variable', hint }));
}

/** `subject.name(arguments)`: one of the methods that Python has and that change nothing, or a function that is a member. */
export function callMethod(subject: Value, name: string, call: Call, shown: string, meter: Meter): Value {
  if (subject instanceof Undefined) throw subject.failure;
  if (subject instanceof Secret) return callMethod(meter.reveal(subject), name, call, shown, meter);
  const found =
    typeof subject === 'string'
      ? bound(countRead(subject, meter), name, own(stringMethods, name))
      : Array.isArray(subject)
        ? bound(itemsOf(subject, meter), name, own(listMethods, name))
        : mappingMethod(subject, name, meter);
  if (found !== undefined) return found(call, meter);
  const member = memberOf(subject, name, shown, meter);
  if (member instanceof Callable) return member.call(call);
  const names = typeof subject === 'string' ? stringMethods : Array.isArray(subject) ? listMethods : mappingMethods;
  const hint = insteadOf(subject, name) ?? didYouMean(name, Object.keys(names));
  throw new TemplateFailure(`${shown} is ${typeName(subject)} and has no method "${name}" that templates may call`, { hint });
}

function mappingMethod(subject: Value, name: string, meter: Meter): ((call: Call, meter: Meter) => Value) | undefined {
  const method = own(mappingMethods, name);
  const members = method === undefined ? undefined : membersOf(subject, meter);
  return members === undefined ? undefined : bound(members, name, method);
}

function bound<T>(subject: T, name: string, method: Method<T> | undefined): ((call: Call, meter: Meter) => Value) | undefined {
  return (
    method && ((call, meter) => method.run(subject, bindCall(`the method "${name}"`, method.params, call), meter, call.named))
  );
}
