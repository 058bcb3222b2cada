import type { Filter } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { toText } from './template-text.ts';
import { countRead, isEqual, isSolidMapping, isTruthy, membersOf, type Meter, typeName, type Value } from './template-value.ts';

/** How `combine` makes one list of two. */
type MergeLists = (before: readonly Value[], after: readonly Value[], meter: Meter) => readonly Value[];

function combine(base: Value, over: Value, recursive: boolean, lists: MergeLists, meter: Meter, depth = 0): Value {
  const [left, right] = [membersOf(base, meter), membersOf(over, meter)];
  if (left === undefined || right === undefined) {
    throw new TemplateFailure(`combine needs mappings, found ${typeName(left === undefined ? base : over)}`);
  }
  if (depth > 100) throw new TemplateFailure('combine: nested too deeply', { code: 'too-large' });
  const merged = new Map(countRead(Object.entries(left), meter));
  for (const [key, value] of Object.entries(right)) {
    meter.spend(1);
    const before = merged.get(key);
    const deeper = recursive && isSolidMapping(before) && isSolidMapping(value);
    if (deeper) merged.set(key, combine(before, value, recursive, lists, meter, depth + 1));
    else merged.set(key, Array.isArray(before) && Array.isArray(value) ? lists(before, value, meter) : value);
  }
  return Object.fromEntries(merged);
}

const without = (list: readonly Value[], others: readonly Value[], meter: Meter): readonly Value[] =>
  list.filter((item) => !others.some((other) => isEqual(item, other, meter)));

const listMerges: { readonly [how: string]: MergeLists } = {
  replace: (_before, after) => after,
  keep: (before) => before,
  append: (before, after) => [...before, ...after],
  prepend: (before, after) => [...after, ...before],
  append_rp: (before, after, meter) => [...without(before, after, meter), ...after],
  prepend_rp: (before, after, meter) => [...after, ...without(before, after, meter)],
};

/** Ansible's `combine`. */
export const combineFilter: Filter = {
  params: ['*mappings'],
  run(input, mappings, tools, { named }) {
    const recursive = named.get('recursive');
    const how = toText(named.get('list_merge') ?? 'replace', tools);
    const lists = Object.hasOwn(listMerges, how) ? listMerges[how] : undefined;
    if (lists === undefined) throw new TemplateFailure(`combine: list_merge is one of ${Object.keys(listMerges).join(', ')}`);
    const isRecursive = recursive !== undefined && isTruthy(recursive, tools);
    return [input, ...mappings].flat().reduce((base, over) => combine(base, over, isRecursive, lists, tools), {});
  },
};
