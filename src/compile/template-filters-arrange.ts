import { type Filter, required, type Tools } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { asNumber, wholeOf } from './template-number.ts';
import { type Chance, openChance } from './template-random.ts';
import { boundList, isTruthy, isYes, itemsOf, type Value } from './template-value.ts';

const columnsOf = (lists: readonly Value[], tools: Tools): (readonly Value[])[] => lists.map((list) => itemsOf(list, tools));

const transposed = (lists: readonly (readonly Value[])[], length: number, filler?: Value): Value[][] =>
  Array.from({ length }, (_, index) => lists.map((list) => (index < list.length ? list[index] : filler)));

/** The search goes as deep. */
const mostChosen = 100;

/** All ways to choose so many of the items; in every order where `isOrdered`. */
const choices = (isOrdered: boolean): Filter => ({
  params: ['r'],
  run(input, [r], tools) {
    const items = itemsOf(input, tools);
    const count = r === undefined || r === null ? items.length : wholeOf(asNumber(r), 'r');
    if (r === undefined && !isOrdered) throw new TemplateFailure('combinations needs a number of items');
    if (Math.min(count, items.length) > mostChosen)
      throw new TemplateFailure(`more than ${mostChosen} items are to be chosen`, { code: 'too-large' });
    const rows: Value[][] = [];
    const choose = (row: readonly number[]): void => {
      tools.spend(row.length + 1);
      if (row.length === count) {
        boundList(rows.length + 1, tools);
        rows.push(row.map((index) => items[index]));
        return;
      }
      for (let index = isOrdered ? 0 : (row.at(-1) ?? -1) + 1; index < items.length; index++)
        if (!row.includes(index)) choose([...row, index]);
    };
    if (count <= items.length) choose([]);
    return rows;
  },
});

/** Without a seed a template would say something else in each run. */
function chanceOf(seed: Value, filter: string, tools: Tools): Chance {
  if (seed !== undefined && seed !== null) return openChance(seed, tools);
  const hint = `write \`${filter}(seed=inventory_hostname)\``;
  throw new TemplateFailure(`"${filter}" needs a seed: without one the result would differ from run to run`, { hint });
}

/** Filters that put the items of lists together, apart, or in another order. */
export const arrangeFilters: { readonly [name: string]: Filter } = {
  flatten: {
    params: ['levels', 'skip_nulls'],
    run(input, [levels, skipNulls = true], tools) {
      const skipsNulls = isTruthy(skipNulls, tools);
      const flatten = (items: readonly Value[], depth: number): Value[] =>
        items.flatMap((item) => {
          tools.spend(1);
          if (skipsNulls && (item === null || item === 'None' || item === 'null')) return [];
          return Array.isArray(item) && depth > 0 ? flatten(item, depth - 1) : [item];
        });
      return flatten(itemsOf(input, tools), levels === undefined || levels === null ? 100 : wholeOf(asNumber(levels), 'levels'));
    },
  },
  zip: {
    params: ['*others'],
    run(input, others, tools) {
      const lists = columnsOf([input, ...others], tools);
      return transposed(lists, Math.min(...lists.map((list) => list.length)));
    },
  },
  zip_longest: {
    params: ['*others'],
    run(input, others, tools, { named }) {
      const lists = columnsOf([input, ...others], tools);
      const length = Math.max(...lists.map((list) => list.length));
      boundList(length * lists.length, tools);
      return transposed(lists, length, named.get('fillvalue') ?? null);
    },
  },
  product: {
    params: ['*others'],
    run: (input, others, tools) =>
      others.reduce<Value[][]>(
        (rows, other) => {
          const items = itemsOf(other, tools);
          boundList(rows.length * items.length, tools);
          return rows.flatMap((row) => items.map((item) => [...row, item]));
        },
        itemsOf(input, tools).map((item) => [item]),
      ),
  },
  batch: {
    params: ['linecount', 'fill_with'],
    run(input, [count, fill], tools) {
      const items = itemsOf(input, tools);
      const width = Math.max(1, wholeOf(asNumber(required(count, 'linecount')), 'linecount'));
      boundList(width, tools);
      return Array.from({ length: Math.ceil(items.length / width) }, (_, row) => {
        const line = items.slice(row * width, (row + 1) * width);
        return fill === undefined ? line : [...line, ...Array.from({ length: width - line.length }, () => fill)];
      });
    },
  },
  slice: {
    params: ['slices', 'fill_with'],
    run(input, [slices, fill = null], tools) {
      const items = itemsOf(input, tools);
      const count = wholeOf(asNumber(required(slices, 'slices')), 'slices');
      if (count < 1) throw new TemplateFailure('slice: the number of slices is at least 1');
      boundList(count, tools);
      const [width, longer] = [Math.floor(items.length / count), items.length % count];
      return Array.from({ length: count }, (_, index) => {
        const start = index * width + Math.min(index, longer);
        const part = items.slice(start, start + width + (index < longer ? 1 : 0));
        return fill !== null && index >= longer ? [...part, fill] : part;
      });
    },
  },
  combinations: choices(false),
  permutations: choices(true),
  random: {
    params: ['start', 'step', 'seed'],
    run(input, [first, by, seed], tools) {
      const chance = chanceOf(seed, 'random', tools);
      const end = asNumber(input);
      const isRange = typeof end === 'number';
      if (!isRange && (isYes(first, tools) || isYes(by, tools)))
        throw new TemplateFailure('random: only a number can have a start and a step');
      const items = isRange ? [] : itemsOf(input, tools);
      const [start, step] = [wholeOf(asNumber(first ?? 0), 'start'), wholeOf(asNumber(by ?? 0), 'step') || 1];
      const count = isRange ? Math.ceil((wholeOf(input, 'the end of random') - start) / step) : items.length;
      if (count < 1) throw new TemplateFailure('random: there is nothing to choose from');
      const chosen = chance.below(count);
      return isRange ? start + chosen * step : items[chosen];
    },
  },
  shuffle: {
    params: ['seed'],
    run(input, [seed], tools) {
      // As Ansible: an empty seed is none.
      const chance = chanceOf(isYes(seed, tools) ? seed : undefined, 'shuffle', tools);
      const items = [...itemsOf(input, tools)];
      for (let index = items.length - 1; index > 0; index--) {
        const other = chance.below(index + 1);
        [items[index], items[other]] = [items[other], items[index]];
      }
      return items;
    },
  },
};
