import { own } from '../model/json.ts';
import { didYouMean } from '../model/nearest.ts';
import { bindCall, type Tools } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { arrangeFilters } from './template-filters-arrange.ts';
import { dataFilters } from './template-filters-data.ts';
import { listFilters } from './template-filters-list.ts';
import { numberFilters } from './template-filters-number.ts';
import { pathFilters } from './template-filters-path.ts';
import { textFilters } from './template-filters-text.ts';
import { toText } from './template-text.ts';
import { tests } from './template-tests.ts';
import {
  boundList,
  boundText,
  type Call,
  Callable,
  countMembers,
  defined,
  itemsOf,
  LazyMapping,
  membersOf,
  type Meter,
  Namespace,
  omit,
  typeName,
  Undefined,
  type Value,
} from './template-value.ts';

const aliases = { e: textFilters['escape']! };
const filters = {
  ...textFilters,
  ...pathFilters,
  ...numberFilters,
  ...listFilters,
  ...arrangeFilters,
  ...dataFilters,
  ...aliases,
};

const chance = 'the result would differ from run to run';
const addresses = 'write network, prefix and address as variables of their own';
const machine = 'templates cannot look at the machine, its environment or the network';

/** What people who come from Ansible look for in vain, and why. */
const absent: { readonly [name: string]: string } = {
  password_hash: 'keep the hash itself, as a secret',
  ...Object.fromEntries(
    ['ipaddr', 'ipv4', 'ipv6', 'ipsubnet', 'ipwrap', 'nthhost', 'network_in_usable'].map((name) => [name, addresses]),
  ),
  json_query: 'use selectattr, map(attribute=...) and flatten',
  strftime: chance,
  to_datetime: 'dates are texts here; in the form 2026-01-31 they compare and sort as they are',
  from_yaml_all: 'give each document a variable of its own, and use from_yaml',
  now: chance,
  expanduser: machine,
  expandvars: machine,
  realpath: machine,
  fileglob: machine,
  lookup: `${machine}; a variable by its name is hostvars[inventory_hostname][NAME]`,
  query: machine,
  q: machine,
  url: machine,
  exists: machine,
  file: machine,
  directory: machine,
  link: machine,
};

/** `ansible.builtin.to_json` is `to_json`. */
const shortName = (name: string): string => name.replace(/^ansible\.builtin\./, '');

/** Whether this filter or test may see an undefined value. */
export const seesUndefined = (name: string): boolean =>
  ['default', 'd', 'mandatory', 'defined', 'undefined'].includes(shortName(name));

function unknown(what: string, name: string, known: object): TemplateFailure {
  // Collections have them too: `ansible.utils.ipaddr`.
  const word = name.slice(name.lastIndexOf('.') + 1);
  const reason = own(absent, word);
  return new TemplateFailure(reason === undefined ? `no ${what} "${name}"` : `"${name}" is not provided: ${reason}`, {
    hint: reason === undefined ? didYouMean(name, Object.keys(known)) : undefined,
  });
}

/** `input | name(call)`. */
export function applyFilter(name: string, input: Value, call: Call, tools: Tools): Value {
  const filter = own(filters, shortName(name));
  if (filter === undefined) throw unknown('filter', shortName(name), filters);
  tools.spend(1);
  if (!seesUndefined(name)) defined(input);
  const given = bindCall(`the filter "${name}"`, filter.params, call);
  if (!seesUndefined(name)) given.forEach(defined);
  const made = filter.run(input, given, tools, call);
  // Some make longer texts of long texts; doing so again and again must end.
  if (typeof made === 'string') boundText(made.length, tools);
  return made;
}

/** `input is name(call)`. */
export function applyTest(name: string, input: Value, call: Call, tools: Tools): boolean {
  const test = own(tests, shortName(name));
  if (test === undefined) throw unknown('test', shortName(name), tests);
  tools.spend(1);
  const given = bindCall(`the test "${name}"`, test.params, call);
  given.forEach(defined);
  return test.run(input, given, tools);
}

/** Global functions and constants; undefined for any other name. */
export function globalOf(name: string, meter: Meter): Value {
  switch (name) {
    case 'True':
      return true;
    case 'False':
      return false;
    case 'None':
      return null;
    case 'omit':
      return omit;
    case 'range':
      return new Callable(name, ({ positional }) => range(positional, meter));
    case 'dict':
      return new Callable(name, ({ positional: [from], named }) => ({
        ...mappingFrom(from, meter),
        ...Object.fromEntries(named),
      }));
    case 'namespace':
      return new Callable(name, ({ named }) => new Namespace(named));
    case 'joiner':
      return new Callable(name, ({ positional: [separator = ', '] }) => joiner(separator));
    case 'cycler':
      return new Callable(name, ({ positional }) => cycler(positional));
    default:
      return Object.hasOwn(absent, name) ? new Undefined(unknown('function', name, {})) : undefined;
  }
}

export const globalNames = ['range', 'dict', 'namespace', 'joiner', 'cycler', 'omit'] as const;

function mappingFrom(value: Value, meter: Meter): { readonly [key: string]: Value } {
  if (Array.isArray(value)) {
    return Object.fromEntries(
      value.map((pair) => {
        const parts = itemsOf(pair, meter);
        if (parts.length !== 2) throw new TemplateFailure(`dict takes pairs, found ${parts.length} values`);
        return [toText(parts[0], meter), parts[1]];
      }),
    );
  }
  const members = value === undefined ? {} : membersOf(value, meter);
  if (members === undefined) throw new TemplateFailure(`dict takes a mapping and keywords, found ${typeName(value)}`);
  countMembers(Object.keys(members), meter);
  return members;
}

function range(bounds: readonly Value[], meter: Meter): number[] {
  const numbers = bounds.map((bound) => {
    if (typeof bound !== 'number' || !Number.isInteger(bound)) throw new TemplateFailure('range takes whole numbers');
    return bound;
  });
  if (numbers.length < 1 || numbers.length > 3) throw new TemplateFailure('range takes 1 to 3 numbers');
  const [start, stop] = numbers.length === 1 ? [0, numbers[0]!] : [numbers[0]!, numbers[1]!];
  const step = numbers[2] ?? 1;
  if (step === 0) throw new TemplateFailure('the step of a range cannot be 0');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  boundList(length, meter);
  return Array.from({ length }, (_, index) => start + index * step);
}

function joiner(separator: Value): Callable {
  let isFirst = true;
  return new Callable('joiner', () => {
    const made = isFirst ? '' : separator;
    isFirst = false;
    return made;
  });
}

function cycler(items: readonly Value[]): LazyMapping {
  let index = 0;
  const members: { readonly [name: string]: () => Value } = {
    current: () => items[index],
    next: () =>
      new Callable('next', () => {
        const item = items[index];
        index = (index + 1) % items.length;
        return item;
      }),
    reset: () =>
      new Callable('reset', () => {
        index = 0;
        return null;
      }),
  };
  return new LazyMapping(
    () => Object.keys(members),
    (key) => own(members, key)?.(),
  );
}
