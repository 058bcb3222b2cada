import { TemplateFailure } from './template-failure.ts';
import { asNumber, isFloat, roundHalfEven } from './template-number.ts';
import { toText } from './template-text.ts';
import {
  boundPieces,
  boundText,
  charactersOf,
  isMapping,
  isSolidMapping,
  type Meter,
  SecretMapping,
  typeName,
  type Value,
} from './template-value.ts';

const conversion =
  /%(?:\((?<key>[^()%]{0,100})\))?(?<flags>[-+ 0#]*)(?<width>\d{1,5})?(?:\.(?<precision>\d{1,3}))?(?<type>[sdiuxXofFeEgGcr%])/g;

/** What JavaScript shows at most after the point. */
const mostDigits = 100;

/** Python's `text % values`: `%s %r %d %i %x %X %o %f %e %g %c %%` with flags, width, precision, and `%(name)s`. */
export function formatText(text: string, values: readonly Value[], meter: Meter): string {
  let next = 0;
  const bound = boundPieces(meter);
  const made = text.replace(conversion, (whole, ...rest) => {
    const { key, flags, width, precision, type } = rest.at(-1) as { readonly [group: string]: string | undefined };
    if (type === '%') return '%';
    const value = key === undefined ? values[next++] : named(values[0], key);
    if (value === undefined) throw new TemplateFailure(`the format "${whole}" has no value`);
    const body = convert(type!, value, precision === undefined ? undefined : Number(precision), flags ?? '', meter);
    const piece = pad(body, Number(width ?? 0), flags ?? '', type!);
    bound(piece.length);
    return piece;
  });
  if (next < values.length && !isSolidMapping(values[0])) throw new TemplateFailure('the format has more values than places');
  boundText(made.length, meter);
  return made;
}

function named(values: Value, key: string): Value {
  if (values instanceof SecretMapping) return values.get(key);
  return isMapping(values) && Object.hasOwn(values, key) ? values[key] : undefined;
}

function convert(type: string, value: Value, precision: number | undefined, flags: string, meter: Meter): string {
  if (type === 's') return toText(value, meter).slice(0, precision);
  if (type === 'r') return toText([value], meter).slice(1, -1).slice(0, precision);
  if (type === 'c' && typeof value === 'string' && charactersOf(value).length === 1) return value;
  const number = asNumber(value);
  if (typeof number !== 'number') throw new TemplateFailure(`the format "%${type}" needs a number, found ${typeName(value)}`);
  if ('cxXo'.includes(type) && isFloat(value)) throw new TemplateFailure(`the format "%${type}" needs a whole number`);
  if (type === 'c') return character(number);
  const digits = magnitude(type, Math.abs(number), precision, flags.includes('#'));
  const sign = number < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return sign + (type === type.toUpperCase() ? digits.toUpperCase() : digits);
}

function character(code: number): string {
  if (code < 0 || code > 0x10ffff) throw new TemplateFailure(`no character has the number ${code}`);
  return String.fromCodePoint(code);
}

/** A number without its sign as `%` shows it with a type of `d x X o f e g`. */
export function magnitude(type: string, number: number, precision: number | undefined, isAlternate: boolean): string {
  const whole = (base: number): string =>
    BigInt(Math.trunc(number))
      .toString(base)
      .padStart(precision ?? 0, '0');
  const point = (text: string): string => (isAlternate && !text.includes('.') ? text.replace(/^\d+/, '$&.') : text);
  switch (type.toLowerCase()) {
    case 'x':
      return (isAlternate ? '0x' : '') + whole(16);
    case 'o':
      return (isAlternate ? '0o' : '') + whole(8);
    case 'f':
      return point(fixed(number, precision ?? 6));
    case 'e':
      return point(exponential(number, precision ?? 6));
    case 'g':
      return point(general(number, Math.min(mostDigits, precision ?? 6) || 1, isAlternate));
    default:
      return whole(10);
  }
}

function fixed(number: number, digits: number): string {
  const shown = Math.min(mostDigits, digits);
  if (number < 1e21) return roundHalfEven(number, shown).toFixed(shown);
  return BigInt(number) + (shown > 0 ? `.${'0'.repeat(shown)}` : '');
}

/** JavaScript rounds what stands exactly between two neighbours up, C to the even one. C writes two digits of the exponent at least. */
function exponential(number: number, digits: number): string {
  const shown = Math.min(mostDigits, digits);
  const [exactly = '', power] = number.toExponential(mostDigits).split('e');
  const cut = exactly.slice(0, shown === 0 ? 1 : shown + 2);
  const isHalf = /^50*$/.test(exactly.slice(cut.length).replace('.', '')) && /[02468]$/.test(cut);
  const text = isHalf ? `${cut}e${power}` : number.toExponential(shown);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function general(number: number, precision: number, keepsZeros: boolean): string {
  const text = exponential(number, precision - 1);
  const [mantissa = '', power] = text.split('e');
  const isFixed = Number(power) >= -4 && Number(power) < precision;
  const digits = isFixed ? fixed(Number(text), precision - 1 - Number(power)) : mantissa;
  const short = keepsZeros || !digits.includes('.') ? digits : digits.replace(/\.?0+$/, '');
  return isFixed ? short : `${short}e${power}`;
}

function pad(body: string, width: number, flags: string, type: string): string {
  if (flags.includes('-')) return body.padEnd(width);
  if (!flags.includes('0') || 'src'.includes(type)) return body.padStart(width);
  const sign = /^[-+ ]?(?:0[xo])?/i.exec(body)?.[0] ?? '';
  return sign + body.slice(sign.length).padStart(width - sign.length, '0');
}
