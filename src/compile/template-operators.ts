import { Secret } from '../model/secret.ts';
import { TemplateFailure } from './template-failure.ts';
import { formatText } from './template-format.ts';
import { asNumber, exact, isFloat, toFloat } from './template-number.ts';
import { toText } from './template-text.ts';
import {
  charactersOf,
  boundList,
  boundText,
  compareValues,
  defined,
  isEqual,
  membersOf,
  type Meter,
  typeName,
  type Value,
} from './template-value.ts';

type Arithmetic = 'Add' | 'Sub' | 'Mul' | 'Div' | 'FloorDiv' | 'Mod' | 'Pow';

const signs: { readonly [operator in Arithmetic]: string } = {
  Add: '+',
  Sub: '-',
  Mul: '*',
  Div: '/',
  FloorDiv: '//',
  Mod: '%',
  Pow: '**',
};

/** Python's arithmetic: numbers, `+` also on strings and on lists, `*` repeats, `%` formats. Never converts between text and number. */
export function calculate(operator: Arithmetic, left: Value, right: Value, meter: Meter): Value {
  const a = operand(left, meter);
  const b = operand(right, meter);
  if (typeof a === 'number' && typeof b === 'number') {
    const made = finite(numbers(operator, a, b));
    const isInexact = operator === 'Div' || isFloat(left) || isFloat(right) || !Number.isInteger(made);
    return isInexact ? toFloat(made) : exact(made);
  }
  if (operator === 'Add') {
    if (typeof a === 'string' && typeof b === 'string') return concatenate(a, b, meter);
    if (Array.isArray(a) && Array.isArray(b)) {
      boundList(a.length + b.length, meter);
      return [...(a as Value[]), ...(b as Value[])];
    }
  }
  if (operator === 'Mul') {
    const [subject, times] = typeof a === 'number' ? [b, isFloat(left) ? left : a] : [a, isFloat(right) ? right : b];
    if (typeof times === 'number' && Number.isInteger(times)) {
      if (typeof subject === 'string') return repeatText(subject, times, meter);
      if (Array.isArray(subject)) {
        boundList(subject.length * Math.max(0, times), meter);
        return Array.from({ length: Math.max(0, times) }, () => subject as Value[]).flat();
      }
    }
  }
  if (operator === 'Mod' && typeof a === 'string') {
    const value = right instanceof Secret ? b : right;
    return formatText(a, Array.isArray(value) ? value : [value], meter);
  }
  const hint =
    operator === 'Add' && (typeof a === 'string' || typeof b === 'string') ? 'use ~ to join values as text' : undefined;
  throw new TemplateFailure(`cannot calculate ${typeName(a)} ${signs[operator]} ${typeName(b)}`, { hint });
}

function operand(value: Value, meter: Meter): Value {
  defined(value);
  if (value instanceof Secret) return meter.reveal(value);
  return asNumber(value);
}

function numbers(operator: Arithmetic, a: number, b: number): number {
  if ((operator === 'Div' || operator === 'FloorDiv' || operator === 'Mod') && b === 0) {
    throw new TemplateFailure('division by zero');
  }
  switch (operator) {
    case 'Add':
      return a + b;
    case 'Sub':
      return a - b;
    case 'Mul':
      return a * b;
    case 'Div':
      return a / b;
    case 'FloorDiv':
      return Math.floor(a / b);
    case 'Mod':
      return a - b * Math.floor(a / b);
    case 'Pow':
      return a ** b;
  }
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new TemplateFailure('a number grew beyond all bounds');
  return value;
}

export function concatenate(a: string, b: string, meter: Meter): string {
  boundText(a.length + b.length, meter);
  return a + b;
}

export function repeatText(text: string, times: number, meter: Meter): string {
  boundText(text.length * Math.max(0, times), meter);
  return text.repeat(Math.max(0, times));
}

/** `needle in haystack`: an item of a list, a key of a mapping, a part of a string. */
export function contains(haystack: Value, needle: Value, meter: Meter): boolean {
  defined(needle);
  defined(haystack);
  if (Array.isArray(haystack)) return haystack.some((item) => isEqual(item, needle, meter));
  if (typeof haystack === 'string' || haystack instanceof Secret) {
    return toText(haystack, meter).includes(toText(needle, meter));
  }
  const members = membersOf(haystack, meter);
  if (members === undefined) throw new TemplateFailure(`"in" needs a list, mapping or string, found ${typeName(haystack)}`);
  return Object.hasOwn(members, toText(needle, meter));
}

/** One comparison; `===` and `!==` are nunjucks' spelling of the same. */
export function compareBy(operator: string, left: Value, right: Value, meter: Meter): boolean {
  if (operator.startsWith('==')) return isEqual(left, right, meter);
  if (operator.startsWith('!')) return !isEqual(left, right, meter);
  const order = compareValues(left, right, meter);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

/** Python's `subject[start:stop:step]`. */
export function sliceOf(subject: Value, bounds: readonly Value[], meter: Meter): Value {
  const items = Array.isArray(subject) ? (subject as Value[]) : charactersOf(toText(subject, meter));
  const [start, stop, step] = bounds.map((bound) => {
    if (defined(bound) === null) return null;
    if (typeof bound !== 'number' || !Number.isInteger(bound))
      throw new TemplateFailure('the bounds of a slice are whole numbers');
    return bound;
  });
  const stride = step ?? 1;
  if (stride === 0) throw new TemplateFailure('the step of a slice cannot be 0');
  const [low, high] = stride > 0 ? [0, items.length] : [-1, items.length - 1];
  const place = (bound: number): number => Math.min(high, Math.max(low, bound < 0 ? bound + items.length : bound));
  const first = start === null || start === undefined ? (stride > 0 ? low : high) : place(start);
  const end = stop === null || stop === undefined ? (stride > 0 ? high : low) : place(stop);
  const picked: Value[] = [];
  for (let index = first; stride > 0 ? index < end : index > end; index += stride) picked.push(items[index]);
  boundList(picked.length, meter);
  return Array.isArray(subject) ? picked : picked.join('');
}
