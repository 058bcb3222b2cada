import { Secret } from '../model/secret.ts';
import { TemplateFailure } from './template-failure.ts';
import { magnitude } from './template-format.ts';
import { asNumber, isFloat, numberText, type WholeFloat } from './template-number.ts';
import { toText } from './template-text.ts';
import { boundPieces, boundText, charactersOf, type Meter, typeName, type Value } from './template-value.ts';

const piece = /\{\{|\}\}|\{(?<field>[^{}]*)\}|[{}]/g;
const specification =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\d{1,5})?(?<group>[,_])?(?:\.(?<precision>\d{1,3}))?(?<type>[bcdeEfFgGosxX%])?$/su;

type Parts = { readonly [part: string]: string | undefined };

/**
 * Python's `str.format`: `{}`, `{0}` and `{name}`, with `!s` and `!r` and with format specifications (`{:>8}`, `{:03d}`, `{:.2f}`);
 * neither members nor fields within fields.
 */
export function fillIn(text: string, positional: readonly Value[], named: ReadonlyMap<string, Value>, meter: Meter): string {
  let next = 0;
  const bound = boundPieces(meter);
  return text.replace(piece, (whole, ...rest) => {
    const { field } = rest.at(-1) as Parts;
    if (field === undefined && whole.length === 2) return whole[0]!;
    if (field === undefined)
      throw new TemplateFailure('a single brace stands in the format; write {{ or }} for one that is meant');
    const { name = '', how, spec = '' } = /^(?<name>[^!:]*)(?:!(?<how>[^:]*))?(?::(?<spec>.*))?$/s.exec(field)?.groups ?? {};
    const value = name === '' ? positional[next++] : /^\d+$/.test(name) ? positional[Number(name)] : named.get(name);
    if (value === undefined) throw new TemplateFailure(`the format has no value for "${whole}"`);
    const made = formatted(converted(value, how, whole, meter), spec, whole, meter);
    bound(made.length);
    return made;
  });
}

function converted(value: Value, how: string | undefined, whole: string, meter: Meter): Value {
  if (how === undefined) return value instanceof Secret ? meter.reveal(value) : value;
  if (how !== 's' && how !== 'r') throw new TemplateFailure(`the format "${whole}" is not provided; known are !s and !r`);
  return how === 's' ? toText(value, meter) : toText([value], meter).slice(1, -1);
}

function formatted(value: Value, spec: string, whole: string, meter: Meter): string {
  if (spec === '') return toText(value, meter);
  const refuse = (): never => {
    throw new TemplateFailure(`the format "${whole}" is not one for ${typeName(value)}`);
  };
  const parts: Parts = specification.exec(spec)?.groups ?? refuse();
  const isText = typeof value === 'string';
  const { align = parts['zero'] ? (isText ? '<' : '=') : isText ? '<' : '>', width = '0' } = parts;
  const fill = parts['fill'] ?? parts['zero'] ?? ' ';
  boundText(Number(width), meter);
  if (!isText) {
    const number = asNumber(value);
    if (typeof number !== 'number') return refuse();
    const body = digitsOf(isFloat(value) ? (value as number | WholeFloat) : number, parts) ?? refuse();
    const sign = number < 0 ? '-' : parts['sign'] === undefined || parts['sign'] === '-' ? '' : parts['sign'];
    if (align !== '=') return padded(sign + body, Number(width), fill, align);
    const prefix = sign + (/^0[xXob]/.exec(body)?.[0] ?? '');
    return prefix + padded((sign + body).slice(prefix.length), Number(width) - prefix.length, fill, '>');
  }
  const { sign, alternate, group, type = 's', precision } = parts;
  if (type !== 's' || align === '=' || sign !== undefined || alternate !== undefined || group !== undefined) return refuse();
  const shown = precision === undefined ? value : charactersOf(value).slice(0, Number(precision)).join('');
  return padded(shown, Number(width), fill, align);
}

/** Of a number without its sign; undefined where the type is none for it, or is one that is not provided. */
function digitsOf(value: number | WholeFloat, { type, alternate, precision, group, zero }: Parts): string | undefined {
  const number = Math.abs(asNumber(value) as number);
  const isWhole = !isFloat(value);
  const digits = precision === undefined ? undefined : Number(precision);
  const whole = 'bdoxX'.includes(type ?? (isWhole ? 'd' : '?'));
  if ((whole && (!isWhole || digits !== undefined)) || type === 's' || (type === 'c' && !isWhole)) return undefined;
  // Python groups the zeros too.
  if (group !== undefined && (zero !== undefined || type === 'c')) return undefined;
  if (type === 'c') return String.fromCodePoint(Math.min(number, 0x10ffff));
  if (type === 'b') return grouped((alternate ? '0b' : '') + number.toString(2), group, 4);
  if (type === '%') return `${grouped(magnitude('f', number * 100, digits, false), group, 3)}%`;
  if (type === undefined && !isWhole) {
    // What Python makes of it follows rules of its own.
    if (digits !== undefined) return undefined;
    return grouped(numberText(value).replace('-', ''), group, 3);
  }
  const text = magnitude(type ?? 'd', number, digits, alternate !== undefined);
  const shown = type === type?.toUpperCase() ? text.toUpperCase() : text;
  return grouped(shown, group, 'oxX'.includes(type ?? 'd') ? 4 : 3);
}

function grouped(digits: string, group: string | undefined, size: number): string {
  if (group === undefined) return digits;
  return digits.replace(/^(0[xXob])?([\da-fA-F]+)/, (_all, prefix: string | undefined, run: string) => {
    const first = run.length % size;
    const parts = run.slice(first).match(new RegExp(`.{${size}}`, 'g')) ?? [];
    return (prefix ?? '') + [...(first > 0 ? [run.slice(0, first)] : []), ...parts].join(group);
  });
}

function padded(text: string, width: number, fill: string, align: string): string {
  const missing = Math.max(0, width - charactersOf(text).length);
  const left = align === '<' ? 0 : align === '^' ? Math.floor(missing / 2) : missing;
  return fill.repeat(left) + text + fill.repeat(missing - left);
}
