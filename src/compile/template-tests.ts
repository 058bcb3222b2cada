import { Secret } from '../model/secret.ts';
import { required, type Test, type Tools } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { asNumber, isFloat } from './template-number.ts';
import { compareBy, contains } from './template-operators.ts';
import { regexFlags } from './template-regex-filters.ts';
import { stringOf, toText } from './template-text.ts';
import { Callable, defined, isSolidMapping, isTruthy, itemsOf, LazyMapping, Undefined, type Value } from './template-value.ts';

const isText = (value: Value): boolean => typeof value === 'string' || value instanceof Secret;

const check = (run: (value: Value, tools: Tools) => boolean): Test => ({
  params: [],
  run: (value, _given, tools) => run(defined(value), tools),
});

const compared = (operator: string): Test => ({
  params: ['other'],
  run: (value, [other], tools) => compareBy(operator, value, required(other, 'other'), tools),
});

const whole = (given: Value): number => {
  const value = asNumber(given);
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new TemplateFailure('the test needs a whole number');
  return value;
};

/** Ansible's `search` and `regex` look anywhere, its `match` only at the start. */
const matching = (isAtStart: boolean): Test => ({
  params: ['pattern', 'ignorecase', 'multiline'],
  run(value, [pattern, ignorecase, multiline], tools) {
    const text = stringOf(value, tools);
    const flags = regexFlags(ignorecase, multiline, tools);
    return tools.regex(
      stringOf(required(pattern, 'pattern'), tools),
      flags,
      text,
      (expression) => (isAtStart ? expression.matchStart(text) : expression.search(text)) !== undefined,
    );
  },
});

const subset = (isReversed: boolean): Test => ({
  params: ['other'],
  run(value, [other], tools) {
    const lists = [itemsOf(value, tools), itemsOf(required(other, 'other'), tools)];
    const [small, large] = isReversed ? [lists[1]!, lists[0]!] : [lists[0]!, lists[1]!];
    return small.every((item) => contains(large, item, tools));
  },
});

/** With `convert_bool`, words like `no` and `off` are what they say. */
const truthy = (wanted: boolean): Test => ({
  params: ['convert_bool'],
  run(value, [convert], tools) {
    const isWord = convert !== undefined && isTruthy(convert, tools) && isText(defined(value));
    const saysNo = isWord && ['n', 'no', 'off', '0', 'false', 'f'].includes(toText(value, tools).toLowerCase().trim());
    return (!saysNo && isTruthy(value, tools)) === wanted;
  },
});

/** Whether all letters are, and there are any: `123` is neither. */
function isInCase(text: string, wanted: 'lower' | 'upper'): boolean {
  const forms = { lower: text.toLowerCase(), upper: text.toUpperCase() };
  return forms.lower !== forms.upper && text === forms[wanted];
}

const isInstance = (value: Value): boolean => isSolidMapping(value) || value instanceof LazyMapping;

const version: Test = {
  params: ['version', 'operator', 'strict', 'version_type'],
  run(value, [other, operator = '==', strict = null, type = null], tools) {
    const scheme = type === null ? (strict !== null && isTruthy(strict, tools) ? 'strict' : 'loose') : stringOf(type, tools);
    const order = orderOf(scheme)(toText(value, tools), toText(required(other, 'version'), tools));
    const name = stringOf(operator, tools);
    const known: { readonly [operator: string]: boolean } = {
      '==': order === 0,
      eq: order === 0,
      '=': order === 0,
      '!=': order !== 0,
      ne: order !== 0,
      '<>': order !== 0,
      '<': order < 0,
      lt: order < 0,
      '<=': order <= 0,
      le: order <= 0,
      '>': order > 0,
      gt: order > 0,
      '>=': order >= 0,
      ge: order >= 0,
    };
    if (!Object.hasOwn(known, name)) throw new TemplateFailure(`no operator "${name}" for versions`);
    return known[name]!;
  },
};

interface Semantic {
  readonly numbers: readonly number[];
  /** What stands behind the hyphen of a version that is not released. */
  readonly before: readonly string[] | undefined;
}

const semantic = /^(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]+)?$/;

function orderOf(scheme: string): (a: string, b: string) => number {
  if (scheme === 'loose') return compareVersions;
  if (scheme === 'semver' || scheme === 'semantic') return compareSemantic;
  throw new TemplateFailure(`versions of the type "${scheme}" are not provided; known: loose, semver`);
}

/** As https://semver.org/#spec-item-11 orders them. */
function compareSemantic(a: string, b: string): number {
  const [left, right] = [a, b].map((text): Semantic => {
    const [, major, minor, patch, before] = semantic.exec(text) ?? [];
    if (major === undefined) throw new TemplateFailure('a version is no semantic one, as 1.2.3 is');
    return { numbers: [major, minor, patch].map(Number), before: before?.split('.') };
  }) as [Semantic, Semantic];
  const first = left.numbers.findIndex((number, index) => number !== right.numbers[index]);
  if (first >= 0) return left.numbers[first]! - right.numbers[first]!;
  if (left.before === undefined || right.before === undefined)
    return Number(right.before !== undefined) - Number(left.before !== undefined);
  for (const [index, x] of left.before.entries()) {
    const y = right.before[index];
    if (y === undefined) return 1;
    const [isNumber, isOther] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    const order = isNumber && isOther ? Number(x) - Number(y) : isNumber ? -1 : isOther ? 1 : x < y ? -1 : x > y ? 1 : 0;
    if (order !== 0) return order;
  }
  return left.before.length - right.before.length;
}

/** Loose versions: runs of digits by number, other runs by text; of `1.0` and `1.0.0` the longer one is newer. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.match(/\d{1,15}|[a-z]+/gi) ?? []);
  for (let index = 0; index < Math.max(left!.length, right!.length); index++) {
    const [x, y] = [left![index], right![index]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const areNumbers = /^\d/.test(x) && /^\d/.test(y);
    const order = areNumbers ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0;
    if (order !== 0) return order;
  }
  return 0;
}

/** The tests of `is`, without those that would look at the machine that compiles. */
export const tests: { readonly [name: string]: Test } = {
  defined: { params: [], run: (value) => !(value instanceof Undefined) || value.isDefined },
  undefined: { params: [], run: (value) => value instanceof Undefined && !value.isDefined },
  none: check((value) => value === null),
  boolean: check((value) => typeof value === 'boolean'),
  true: check((value) => value === true),
  false: check((value) => value === false),
  string: check(isText),
  number: check((value) => typeof asNumber(value) === 'number'),
  integer: check((value) => Number.isInteger(value)),
  float: check(isFloat),
  mapping: check(isInstance),
  sequence: check((value) => Array.isArray(value) || isText(value) || isInstance(value)),
  iterable: check((value) => Array.isArray(value) || isText(value) || isInstance(value)),
  callable: check((value) => value instanceof Callable),
  even: check((value) => whole(value) % 2 === 0),
  odd: check((value) => whole(value) % 2 !== 0),
  lower: check((value, tools) => isInCase(stringOf(value, tools), 'lower')),
  upper: check((value, tools) => isInCase(stringOf(value, tools), 'upper')),
  truthy: truthy(true),
  falsy: truthy(false),
  abs: check((value, tools) => stringOf(value, tools).startsWith('/')),
  divisibleby: { params: ['num'], run: (value, [number]) => whole(defined(value)) % (whole(number) || Number.NaN) === 0 },
  eq: compared('=='),
  equalto: compared('=='),
  '==': compared('=='),
  // Python's `is`: lists and mappings are the same only where they are one.
  sameas: { params: ['other'], run: (value, [other]) => defined(value) === required(other, 'other') },
  ne: compared('!='),
  '!=': compared('!='),
  lt: compared('<'),
  lessthan: compared('<'),
  '<': compared('<'),
  le: compared('<='),
  '<=': compared('<='),
  gt: compared('>'),
  greaterthan: compared('>'),
  '>': compared('>'),
  ge: compared('>='),
  '>=': compared('>='),
  in: { params: ['container'], run: (value, [container], tools) => contains(required(container, 'container'), value, tools) },
  contains: { params: ['item'], run: (value, [item], tools) => contains(value, required(item, 'item'), tools) },
  match: matching(true),
  search: matching(false),
  regex: matching(false),
  subset: subset(false),
  issubset: subset(false),
  superset: subset(true),
  issuperset: subset(true),
  any: check((value, tools) => itemsOf(value, tools).some((item) => isTruthy(item, tools))),
  all: check((value, tools) => itemsOf(value, tools).every((item) => isTruthy(item, tools))),
  version,
  version_compare: version,
};
