import { Secret } from '../model/secret.ts';
import { type Filter, required, type Tools } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { memberOf } from './template-members.ts';
import { asNumber } from './template-number.ts';
import { calculate, contains } from './template-operators.ts';
import { stringOf, toText } from './template-text.ts';
import {
  charactersOf,
  boundList,
  type Call,
  compareValues,
  defined,
  Group,
  isEqual,
  isTruthy,
  isYes,
  itemsOf,
  membersOf,
  Undefined,
  type Value,
} from './template-value.ts';

/** `a.b.0` of an item, as `map(attribute=...)` and its kin read it. */
function attributeOf(item: Value, path: Value, tools: Tools): Value {
  const keys = typeof path === 'number' ? [path] : stringOf(path, tools).split('.');
  return keys.reduce<Value>(
    (value, key) =>
      memberOf(
        value,
        typeof key === 'string' && /^\d+$/.test(key) && Array.isArray(value) ? Number(key) : key,
        'the item',
        tools,
      ),
    item,
  );
}

const keyed = (attribute: Value, caseSensitive: Value, tools: Tools) => {
  const fold = caseSensitive === undefined || !isTruthy(caseSensitive, tools);
  const foldCase = (key: Value): Value => (fold && typeof key === 'string' ? key.toLowerCase() : key);
  return (item: Value): Value => {
    if (attribute === undefined || attribute === null) return foldCase(item);
    if (typeof attribute !== 'string' || !attribute.includes(',')) return foldCase(defined(attributeOf(item, attribute, tools)));
    return attribute.split(',').map((path) => foldCase(defined(attributeOf(item, path, tools))));
  };
};

/** One value per distinct item, in order. Strings and numbers are found by hash, the rest one by one. */
function distinct(items: readonly Value[], key: (item: Value) => Value, tools: Tools): Value[] {
  const simple = new Set<Value>();
  const others: Value[] = [];
  boundList(items.length, tools);
  return items.filter((item) => {
    const value = asNumber(key(item));
    if (typeof value === 'string' || typeof value === 'number') return simple.size < simple.add(value).size;
    if (others.some((other) => isEqual(other, value, tools))) return false;
    return others.push(value) > 0;
  });
}

const itself = (item: Value): Value => item;

/** As Python's `in`: a text has all its parts. */
const has = (other: Value, tools: Tools) => {
  const container = typeof other === 'string' || other instanceof Secret ? other : itemsOf(other, tools);
  return (item: Value): boolean => contains(container, item, tools);
};

/** For what Python would add to a list. */
function listOf(value: Value, tools: Tools): readonly Value[] {
  if (typeof value !== 'string') return itemsOf(value, tools);
  throw new TemplateFailure('expected a list, found a string', { hint: 'write [...] around a single item' });
}

const choose = (keep: boolean, byAttribute: boolean): Filter => ({
  params: ['*arguments'],
  run(input, positional, tools, { named }) {
    const [attribute, test, ...rest] = byAttribute ? positional : [undefined, ...positional];
    const call: Call = { positional: rest, named };
    return itemsOf(input, tools).filter((item) => {
      tools.spend(1);
      const value = byAttribute ? attributeOf(item, required(attribute, 'attribute'), tools) : item;
      const isChosen = test === undefined ? isTruthy(value, tools) : tools.test(stringOf(test, tools), value, call);
      return isChosen === keep;
    });
  },
});

const extreme = (sign: 1 | -1): Filter => ({
  params: ['case_sensitive', 'attribute'],
  run(input, [caseSensitive, attribute], tools) {
    const key = keyed(attribute, caseSensitive, tools);
    const items = itemsOf(input, tools);
    if (items.length === 0) return new Undefined(new TemplateFailure('the list is empty', { code: 'undefined-variable' }));
    return items.reduce((best, item) => (compareValues(key(item), key(best), tools) * sign > 0 ? item : best));
  },
});

/** For whom the length of a list does not matter. */
const countable = (value: Value, tools: Tools): readonly Value[] => (Array.isArray(value) ? value : itemsOf(value, tools));

const end = (index: 0 | -1): Filter => ({
  params: [],
  run: (input, _given, tools) =>
    countable(input, tools).at(index) ?? new Undefined(new TemplateFailure('the list is empty', { code: 'undefined-variable' })),
});

const size: Filter = { params: [], run: (input, _given, tools) => countable(input, tools).length };

/** Filters on lists. */
export const listFilters: { readonly [name: string]: Filter } = {
  length: size,
  count: size,
  first: end(0),
  last: end(-1),
  min: extreme(-1),
  max: extreme(1),
  list: { params: [], run: (input, _given, tools) => [...itemsOf(input, tools)] },
  reverse: {
    params: [],
    run: (input, _given, tools) =>
      typeof input === 'string' ? charactersOf(input).reverse().join('') : [...itemsOf(input, tools)].reverse(),
  },
  map: {
    params: ['*arguments'],
    run(input, positional, tools, { named }) {
      const attribute = named.get('attribute');
      const items = itemsOf(input, tools);
      boundList(items.length, tools);
      if (attribute !== undefined) {
        const otherwise = named.get('default');
        return items.map((item) => {
          const value = attributeOf(item, attribute, tools);
          return value instanceof Undefined && otherwise !== undefined ? otherwise : defined(value);
        });
      }
      const [filter, ...rest] = positional;
      const name = stringOf(required(filter, 'filter'), tools);
      return items.map((item) => tools.filter(name, item, { positional: rest, named }));
    },
  },
  select: choose(true, false),
  reject: choose(false, false),
  selectattr: choose(true, true),
  rejectattr: choose(false, true),
  sort: {
    params: ['reverse', 'case_sensitive', 'attribute'],
    run(input, [reverse, caseSensitive, attribute], tools) {
      const key = keyed(attribute, caseSensitive, tools);
      const sign = isYes(reverse, tools) ? -1 : 1;
      return itemsOf(input, tools)
        .map((item) => ({ item, key: key(item) }))
        .sort((a, b) => sign * compareValues(a.key, b.key, tools))
        .map(({ item }) => item);
    },
  },
  unique: {
    params: ['case_sensitive', 'attribute'],
    run: (input, [caseSensitive, attribute], tools) =>
      distinct(itemsOf(input, tools), keyed(attribute, caseSensitive, tools), tools),
  },
  union: {
    params: ['other'],
    run: (input, [other], tools) =>
      distinct([...listOf(input, tools), ...listOf(required(other, 'other'), tools)], itself, tools),
  },
  difference: {
    params: ['other'],
    run(input, [other], tools) {
      const isThere = has(required(other, 'other'), tools);
      return distinct(
        itemsOf(input, tools).filter((item) => !isThere(item)),
        itself,
        tools,
      );
    },
  },
  intersect: {
    params: ['other'],
    run: (input, [other], tools) => distinct(itemsOf(input, tools).filter(has(required(other, 'other'), tools)), itself, tools),
  },
  symmetric_difference: {
    params: ['other'],
    run(input, [other], tools) {
      const [left, right] = [listOf(input, tools), listOf(required(other, 'other'), tools)];
      const [inLeft, inRight] = [has(left, tools), has(right, tools)];
      return distinct([...left.filter((item) => !inRight(item)), ...right.filter((item) => !inLeft(item))], itself, tools);
    },
  },
  sum: {
    params: ['attribute', 'start'],
    run(input, [attribute, start = 0], tools) {
      const items = itemsOf(input, tools);
      boundList(items.length, tools);
      return items
        .map((item) => (attribute === undefined || attribute === null ? item : attributeOf(item, attribute, tools)))
        .reduce((total, item) => calculate('Add', total, item, tools), start);
    },
  },
  groupby: {
    params: ['attribute', 'default', 'case_sensitive'],
    run(input, [attribute, otherwise, caseSensitive], tools) {
      const fold = (key: Value): Value => (typeof key === 'string' && !isYes(caseSensitive, tools) ? key.toLowerCase() : key);
      const groups: { readonly shown: Value; readonly key: Value; readonly items: Value[] }[] = [];
      for (const item of itemsOf(input, tools)) {
        const found = attributeOf(item, required(attribute, 'attribute'), tools);
        const shown = found instanceof Undefined && otherwise !== undefined ? otherwise : defined(found);
        const key = fold(shown);
        const group = groups.find((known) => isEqual(known.key, key, tools));
        if (group === undefined) groups.push({ shown, key, items: [item] });
        else group.items.push(item);
      }
      return groups.sort((a, b) => compareValues(a.key, b.key, tools)).map(({ shown, items }) => Group.of(shown, items));
    },
  },
  extract: {
    params: ['container', 'morekeys'],
    run: (input, [container, more], tools) =>
      [input, ...(more === undefined ? [] : Array.isArray(more) ? more : [more])].reduce<Value>(
        (value, key) => memberOf(value, key, 'the container', tools),
        required(container, 'container'),
      ),
  },
  subelements: {
    params: ['subelement', 'skip_missing'],
    run: (input, [path, skipMissing], tools) =>
      (Array.isArray(input) ? (input as Value[]) : Object.values(membersOf(input, tools) ?? {})).flatMap((item) => {
        const found = attributeOf(item, required(path, 'subelement'), tools);
        if (found instanceof Undefined && isYes(skipMissing, tools)) return [];
        return itemsOf(found, tools).map((part) => [item, part]);
      }),
  },
  attr: {
    params: ['name'],
    run: (input, [name], tools) => memberOf(input, toText(required(name, 'name'), tools), 'the value', tools),
  },
};
