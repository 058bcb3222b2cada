import { TemplateFailure } from './template-failure.ts';
import { asNumber } from './template-number.ts';
import { toText } from './template-text.ts';
import { boundText, isMapping, type Meter, typeName, type Value } from './template-value.ts';

const conversion =
  /%(?:\((?<key>[^()%]{0,100})\))?(?<flags>[-+ 0#]*)(?<width>\d{1,5})?(?:\.(?<precision>\d{1,3}))?(?<type>[sdiuxXofFeEgGcr%])/g;

/** Python's `text % values`: `%s %r %d %i %x %X %o %f %e %g %c %%` with flags, width, precision, and `%(name)s`. */
export function formatText(text: string, values: readonly Value[], meter: Meter): string {
  let next = 0;
  const made = text.replace(conversion, (whole, ...rest) => {
    const { key, flags, width, precision, type } = rest.at(-1) as { readonly [group: string]: string | undefined };
    if (type === '%') return '%';
    const value = key === undefined ? values[next++] : named(values[0], key);
    if (value === undefined) throw new TemplateFailure(`the format "${whole}" has no value`);
    const body = convert(type!, value, precision === undefined ? undefined : Number(precision), flags ?? '', meter);
    return pad(body, Number(width ?? 0), flags ?? '', type!);
  });
  if (next < values.length && !isMapping(values[0])) throw new TemplateFailure('the format has more values than places');
  boundText(made.length, meter);
  return made;
}

function named(values: Value, key: string): Value {
  return isMapping(values) && Object.hasOwn(values, key) ? values[key] : undefined;
}

function convert(type: string, value: Value, precision: number | undefined, flags: string, meter: Meter): string {
  if (type === 's' || type === 'c') return toText(value, meter).slice(0, precision);
  if (type === 'r') return toText([value], meter).slice(1, -1);
  const number = asNumber(value);
  if (typeof number !== 'number') throw new TemplateFailure(`the format "%${type}" needs a number, found ${typeName(value)}`);
  const digits = magnitude(type, Math.abs(number), precision);
  const sign = number < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return sign + (type === type.toUpperCase() ? digits.toUpperCase() : digits);
}

function magnitude(type: string, number: number, precision: number | undefined): string {
  switch (type.toLowerCase()) {
    case 'x':
      return Math.trunc(number).toString(16);
    case 'o':
      return Math.trunc(number).toString(8);
    case 'f':
      return number.toFixed(Math.min(100, precision ?? 6));
    case 'e':
      return exponent(number.toExponential(Math.min(100, precision ?? 6)));
    case 'g':
      return exponent(String(Number(number.toPrecision(Math.min(100, Math.max(1, precision ?? 6))))));
    default:
      return String(Math.trunc(number));
  }
}

/** Python writes at least two digits of the exponent. */
const exponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2');

function pad(body: string, width: number, flags: string, type: string): string {
  if (flags.includes('-')) return body.padEnd(width);
  if (!flags.includes('0') || 'src'.includes(type)) return body.padStart(width);
  const sign = /^[-+ ]/.exec(body)?.[0] ?? '';
  return sign + body.slice(sign.length).padStart(width - sign.length, '0');
}
