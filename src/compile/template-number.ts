import { isObject } from '../model/json.ts';
import type { KeyPath } from '../model/located.ts';
import { Secret } from '../model/secret.ts';
import { TemplateFailure } from './template-failure.ts';
import type { Value } from './template-value.ts';

/** A float that is a whole number, `2.0`: what JavaScript cannot tell from 2. All other floats are numbers with a fraction. */
export class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export const toFloat = (value: number): number | WholeFloat => (Number.isInteger(value) ? new WholeFloat(value) : value);

export const isFloat = (value: Value): boolean =>
  value instanceof WholeFloat || (typeof value === 'number' && !Number.isInteger(value));

/** A number as JavaScript has it. Python's booleans are numbers too: `true == 1`. Everything else is passed on. */
export const asNumber = (value: Value): Value =>
  value instanceof WholeFloat ? value.value : typeof value === 'boolean' ? Number(value) : value;

/** An argument that must be a whole number, and no float; `what` names it. */
export function wholeOf(value: Value, what: string): number {
  const number = isFloat(value) ? undefined : asNumber(value);
  if (typeof number !== 'number') throw new TemplateFailure(`${what} is a whole number`);
  return number;
}

/** Python's `repr()` of a number. */
export function numberText(value: number | WholeFloat): string {
  const number = value instanceof WholeFloat ? value.value : value;
  if (!isFloat(value)) return String(number);
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return number.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
  return value instanceof WholeFloat ? number.toFixed(1) : String(number);
}

/** What was written, with the floats that `isFloatAt` knows of. */
export function withFloats(value: unknown, isFloatAt: ((path: KeyPath) => boolean) | undefined, path: KeyPath = []): unknown {
  if (isFloatAt === undefined) return value;
  if (typeof value === 'number') return isFloatAt(path) ? toFloat(value) : value;
  if (Array.isArray(value)) return value.map((item, index) => withFloats(item, isFloatAt, [...path, index]));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withFloats(member, isFloatAt, [...path, key])]));
}

/** A value for those who know JSON's numbers only. */
export function withoutFloats(value: unknown): unknown {
  if (value instanceof WholeFloat) return value.value;
  if (Array.isArray(value)) return value.map(withoutFloats);
  if (!isObject(value) || value instanceof Secret) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutFloats(member)]));
}

/** Python's `round(value, digits)`: halves go to the even neighbour. */
export function roundHalfEven(value: number, digits: number): number {
  if (digits < 0) return roundHalfEven(value / 10 ** -digits, 0) * 10 ** -digits;
  if (digits > 100 || Math.abs(value) >= 1e21) return value;
  const size = Math.abs(value);
  const nearest = size.toFixed(digits);
  // Only what is an odd number of such powers of two can stand exactly between two neighbours; `toFixed` takes the larger one.
  const isOddHalf = (size * 2 ** (digits + 1)) % 2 === 1 && Number(nearest.at(-1)) % 2 === 1;
  const rounded = isOddHalf ? Number(size.toFixed(digits + 1).slice(0, -1)) : Number(nearest);
  return value < 0 ? -rounded : rounded;
}

const digitsOf: { readonly [base: number]: RegExp } = {
  2: /^([-+]?)(?:0b_?)?([01]+(?:_[01]+)*)$/i,
  8: /^([-+]?)(?:0o_?)?([0-7]+(?:_[0-7]+)*)$/i,
  10: /^([-+]?)(\d+(?:_\d+)*)$/,
  16: /^([-+]?)(?:0x_?)?([\da-f]+(?:_[\da-f]+)*)$/i,
};

/** Python's `int(text, base)`; undefined where the text is no whole number. */
export function readWhole(text: string, base: number): number | undefined {
  const known = Object.hasOwn(digitsOf, base) ? digitsOf[base] : undefined;
  if (known === undefined)
    throw new TemplateFailure(`int: the base ${base} is not provided; known: ${Object.keys(digitsOf).join(', ')}`);
  const [, sign, digits] = known.exec(text) ?? [];
  return digits === undefined ? undefined : exact((sign === '-' ? -1 : 1) * Number.parseInt(digits.replaceAll('_', ''), base));
}

/** Python's `float(text)`; undefined where the text is no finite number. */
export function readFloat(text: string): number | undefined {
  if (!/^[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[-+]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text.replaceAll('_', ''));
  return Number.isFinite(number) ? number : undefined;
}

/** A whole number that is what it says. */
export function exact(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new TemplateFailure('a whole number has more digits than can be kept exactly');
}
