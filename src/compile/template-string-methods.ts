import { TemplateFailure } from './template-failure.ts';
import { concatenate, repeatText } from './template-operators.ts';
import { stringOf, toText } from './template-text.ts';
import { charactersOf, boundList, boundText, itemsOf, type Meter, type Value } from './template-value.ts';

export type Method<T> = (subject: T, positional: readonly Value[], meter: Meter, named: ReadonlyMap<string, Value>) => Value;

/** Python's string methods. */
export const stringMethods: { readonly [name: string]: Method<string> } = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  capitalize: (text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase(),
  title: (text) => titleCase(text),
  strip: (text, [characters], meter) => stripText(text, characters, 'both', meter),
  lstrip: (text, [characters], meter) => stripText(text, characters, 'start', meter),
  rstrip: (text, [characters], meter) => stripText(text, characters, 'end', meter),
  split: (text, [separator, limit], meter) => splitText(text, separator ?? null, limit, meter),
  rsplit: (text, [separator, limit], meter) => splitFromEnd(text, separator ?? null, limit, meter),
  splitlines: (text, _arguments, meter) =>
    bounded(text.split(/\r\n|\n|\r/).slice(0, /[\r\n]$/.test(text) ? -1 : undefined), meter),
  startswith: (text, [start], meter) => anyOf(start, meter).some((part) => text.startsWith(part)),
  endswith: (text, [end], meter) => anyOf(end, meter).some((part) => text.endsWith(part)),
  removeprefix: (text, [part], meter) =>
    text.startsWith(stringOf(part, meter)) ? text.slice(stringOf(part, meter).length) : text,
  removesuffix: (text, [part], meter) =>
    text.endsWith(stringOf(part, meter)) ? text.slice(0, -stringOf(part, meter).length || undefined) : text,
  replace: (text, [from, to, count], meter) => replaceText(text, stringOf(from, meter), stringOf(to, meter), count, meter),
  find: (text, [part], meter) => text.indexOf(stringOf(part, meter)),
  rfind: (text, [part], meter) => text.lastIndexOf(stringOf(part, meter)),
  count: (text, [part], meter) => text.split(stringOf(part, meter)).length - 1,
  join: (text, [items], meter) => joinText(itemsOf(items, meter), text, meter),
  zfill: (text, [width], meter) => signed(text, size(width, meter)),
  ljust: (text, [width], meter) => text.padEnd(size(width, meter)),
  rjust: (text, [width], meter) => text.padStart(size(width, meter)),
  center: (text, [width], meter) => centerText(text, size(width, meter), meter),
  isdigit: (text) => /^\d+$/.test(text),
  isnumeric: (text) => /^\p{N}+$/u.test(text),
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
  isspace: (text) => /^\s+$/.test(text),
  islower: (text) => text === text.toLowerCase() && text !== text.toUpperCase(),
  isupper: (text) => text === text.toUpperCase() && text !== text.toLowerCase(),
  format: (text, positional, meter, named) => fillIn(text, positional, named, meter),
};

const size = (width: Value, meter: Meter): number => {
  if (typeof width !== 'number' || !Number.isInteger(width)) throw new TemplateFailure('the width is a whole number');
  boundText(width, meter);
  return width;
};

const bounded = <T>(items: T[], meter: Meter): T[] => {
  boundList(items.length, meter);
  return items;
};

const anyOf = (value: Value, meter: Meter): string[] =>
  Array.isArray(value) ? value.map((part) => stringOf(part, meter)) : [stringOf(value, meter)];

const signed = (text: string, width: number): string => {
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
};

export const titleCase = (text: string): string =>
  text.replace(/\p{L}+/gu, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase());

export function centerText(text: string, width: number, meter: Meter): string {
  boundText(width, meter);
  const left = Math.floor(Math.max(0, width - text.length) / 2);
  return text.padStart(text.length + left).padEnd(width);
}

/** Without white space, or without any of the given characters, at the ends. Linear, unlike a pattern ending in `$`. */
export function stripText(text: string, characters: Value, side: 'both' | 'start' | 'end', meter: Meter): string {
  if (characters === undefined || characters === null) {
    return side === 'both' ? text.trim() : side === 'start' ? text.trimStart() : text.trimEnd();
  }
  const unwanted = new Set(stringOf(characters, meter));
  let [start, end] = [0, text.length];
  while (side !== 'end' && start < end && unwanted.has(text[start]!)) start++;
  while (side !== 'start' && end > start && unwanted.has(text[end - 1]!)) end--;
  return text.slice(start, end);
}

export function splitText(text: string, separator: Value, limit: Value, meter: Meter): string[] {
  if (separator === null) return bounded(text.trim() === '' ? [] : text.trim().split(/\s+/), meter);
  const mark = stringOf(separator, meter);
  if (mark === '') throw new TemplateFailure('the separator of a split cannot be empty');
  const parts = bounded(text.split(mark), meter);
  if (typeof limit !== 'number' || limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(mark)];
}

function splitFromEnd(text: string, separator: Value, limit: Value, meter: Meter): string[] {
  const parts = splitText(text, separator, undefined, meter);
  if (separator === null || typeof limit !== 'number' || limit < 0 || parts.length <= limit + 1) return parts;
  const kept = parts.length - limit;
  return [parts.slice(0, kept).join(stringOf(separator, meter)), ...parts.slice(kept)];
}

export function replaceText(text: string, from: string, to: string, count: Value, meter: Meter): string {
  const parts = splitOr(text, from);
  const times = typeof count === 'number' && count >= 0 ? Math.min(count, parts.length - 1) : parts.length - 1;
  boundText(text.length + times * (to.length - from.length), meter);
  return (
    parts.slice(0, times + 1).join(to) +
    parts
      .slice(times + 1)
      .map((part) => from + part)
      .join('')
  );
}

/** Python finds the empty string before every character and at the end. */
const splitOr = (text: string, mark: string): string[] => (mark === '' ? ['', ...charactersOf(text), ''] : text.split(mark));

export function joinText(items: readonly Value[], separator: string, meter: Meter): string {
  let joined = '';
  for (const [index, item] of items.entries()) {
    const text = toText(item, meter);
    joined = concatenate(joined, index === 0 ? text : separator + text, meter);
  }
  return joined;
}

/** Python's `str.format` with `{}`, `{0}` and `{name}`; neither attributes nor format specifications. */
function fillIn(text: string, positional: readonly Value[], named: ReadonlyMap<string, Value>, meter: Meter): string {
  let next = 0;
  let length = 0;
  return text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole[0]!;
    const value = name === '' ? positional[next++] : /^\d+$/.test(name) ? positional[Number(name)] : named.get(name);
    if (value === undefined) throw new TemplateFailure(`the format has no value for "${whole}"`);
    const made = toText(value, meter);
    boundText((length += made.length), meter);
    return made;
  });
}

/** Lines, each after the given margin. */
export const indentText = (text: string, margin: string, first: boolean, blank: boolean, meter: Meter): string => {
  const lines = text.split('\n');
  boundText(text.length + lines.length * margin.length, meter);
  return lines.map((line, index) => ((index === 0 ? first : blank || line.trim() !== '') ? margin + line : line)).join('\n');
};

export const marginOf = (width: Value, meter: Meter): string =>
  typeof width === 'number' ? repeatText(' ', width, meter) : stringOf(width, meter);
