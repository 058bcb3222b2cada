import { required } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { fillIn } from './template-format-string.ts';
import { wholeOf } from './template-number.ts';
import { repeatText } from './template-operators.ts';
import { stringOf, toText } from './template-text.ts';
import { charactersOf, boundList, boundText, gather, itemsOf, type Meter, type Value } from './template-value.ts';

export interface Method<T> {
  /** As `bindCall` takes them. */
  readonly params: readonly string[];
  /** An argument that was not given is undefined. */
  run(subject: T, given: readonly Value[], meter: Meter, named: ReadonlyMap<string, Value>): Value;
}

const plain = (run: (text: string, meter: Meter) => Value): Method<string> => ({
  params: [],
  run: (text, _given, meter) => run(text, meter),
});

/** With one string, which has no keyword. */
const withPart = (name: string, run: (text: string, part: string) => Value): Method<string> => ({
  params: [name, '/'],
  run: (text, [part], meter) => run(text, stringOf(required(part, name), meter)),
});

const withAny = (name: string, run: (text: string, part: string) => boolean): Method<string> => ({
  params: [name, '/'],
  run: (text, [parts], meter) =>
    (Array.isArray(parts) ? parts : [required(parts, name)]).some((part) => run(text, stringOf(part, meter))),
});

const stripped = (side: 'both' | 'start' | 'end'): Method<string> => ({
  params: ['chars', '/'],
  run: (text, [characters], meter) => stripText(text, characters, side, meter),
});

const divided = (split: typeof splitText): Method<string> => ({
  params: ['sep', 'maxsplit'],
  run: (text, [separator = null, limit], meter) => split(text, separator, limit, meter),
});

const padded = (pad: typeof centerText): Method<string> => ({
  params: ['width', 'fillchar', '/'],
  run(text, [width, given = ' '], meter) {
    const fill = stringOf(given, meter);
    if (fill.length !== 1) throw new TemplateFailure('the text is filled with one character');
    return pad(text, size(required(width, 'width'), meter), fill);
  },
});

/** What stands before, at and after the place that was found. */
const parted = (find: (text: string, mark: string) => number, isLast: boolean): Method<string> =>
  withPart('sep', (text, mark) => {
    const at = find(text, mark);
    if (at >= 0) return [text.slice(0, at), mark, text.slice(at + mark.length)];
    return isLast ? ['', '', text] : [text, '', ''];
  });

const found = (index: number): number => {
  if (index < 0) throw new TemplateFailure('the text does not have that part');
  return index;
};

/** Python's string methods. */
export const stringMethods: { readonly [name: string]: Method<string> } = {
  lower: plain((text) => text.toLowerCase()),
  upper: plain((text) => text.toUpperCase()),
  casefold: plain((text) => text.toLowerCase()),
  swapcase: plain((text) => text.replace(/\p{L}/gu, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))),
  capitalize: plain((text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase()),
  title: plain((text) => text.replace(/\p{L}+/gu, (word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())),
  strip: stripped('both'),
  lstrip: stripped('start'),
  rstrip: stripped('end'),
  split: divided(splitText),
  rsplit: divided(splitFromEnd),
  splitlines: plain((text, meter) => bounded(text.split(/\r\n|\n|\r/).slice(0, /[\r\n]$|^$/.test(text) ? -1 : undefined), meter)),
  partition: parted((text, mark) => text.indexOf(mark), false),
  rpartition: parted((text, mark) => text.lastIndexOf(mark), true),
  startswith: withAny('prefix', (text, part) => text.startsWith(part)),
  endswith: withAny('suffix', (text, part) => text.endsWith(part)),
  removeprefix: withPart('prefix', (text, part) => (text.startsWith(part) ? text.slice(part.length) : text)),
  removesuffix: withPart('suffix', (text, part) => (text.endsWith(part) ? text.slice(0, -part.length || undefined) : text)),
  replace: {
    params: ['old', 'new', 'count', '/'],
    run: (text, [from, to, count], meter) =>
      replaceText(text, stringOf(required(from, 'old'), meter), stringOf(required(to, 'new'), meter), count, meter),
  },
  find: withPart('sub', (text, part) => text.indexOf(part)),
  rfind: withPart('sub', (text, part) => text.lastIndexOf(part)),
  index: withPart('sub', (text, part) => found(text.indexOf(part))),
  rindex: withPart('sub', (text, part) => found(text.lastIndexOf(part))),
  count: withPart('sub', (text, part) => splitOr(text, part).length - 1),
  join: {
    params: ['iterable', '/'],
    run: (text, [items], meter) => joinText(itemsOf(required(items, 'iterable'), meter), text, meter),
  },
  zfill: { params: ['width', '/'], run: (text, [width], meter) => signed(text, size(required(width, 'width'), meter)) },
  ljust: padded((text, width, fill) => text.padEnd(width, fill)),
  rjust: padded((text, width, fill) => text.padStart(width, fill)),
  center: padded(centerText),
  isdigit: plain((text) => /^\d+$/.test(text)),
  isnumeric: plain((text) => /^\p{N}+$/u.test(text)),
  isalpha: plain((text) => /^\p{L}+$/u.test(text)),
  isalnum: plain((text) => /^[\p{L}\p{N}]+$/u.test(text)),
  isspace: plain((text) => /^\s+$/.test(text)),
  islower: plain((text) => text === text.toLowerCase() && text !== text.toUpperCase()),
  isupper: plain((text) => text === text.toUpperCase() && text !== text.toLowerCase()),
  format: { params: ['*values'], run: (text, positional, meter, named) => fillIn(text, positional, named, meter) },
};

const size = (width: Value, meter: Meter): number => {
  const columns = wholeOf(width, 'the width');
  boundText(columns, meter);
  return columns;
};

const bounded = <T>(items: T[], meter: Meter): T[] => {
  boundList(items.length, meter);
  return items;
};

const signed = (text: string, width: number): string => {
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
};

export function centerText(text: string, width: number, fill: string): string {
  const margin = Math.max(0, width - text.length);
  // As Python's: where it cannot be even, an odd width has the larger part on the left.
  const left = Math.floor(margin / 2) + (margin & width & 1);
  return text.padStart(text.length + left, fill).padEnd(width, fill);
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
  const most = mostParts(limit);
  if (separator === null) return words(text.trimStart(), most, meter);
  const mark = stringOf(separator, meter);
  if (mark === '') throw new TemplateFailure('the separator of a split cannot be empty');
  const parts = bounded(text.split(mark), meter);
  return parts.length <= most ? parts : [...parts.slice(0, most - 1), parts.slice(most - 1).join(mark)];
}

function splitFromEnd(text: string, separator: Value, limit: Value, meter: Meter): string[] {
  const most = mostParts(limit);
  if (separator === null) return words(reversed(text).trimStart(), most, meter).map(reversed).reverse();
  const parts = splitText(text, separator, undefined, meter);
  if (parts.length <= most) return parts;
  const kept = parts.length - most + 1;
  return [parts.slice(0, kept).join(stringOf(separator, meter)), ...parts.slice(kept)];
}

const mostParts = (limit: Value): number => {
  if (limit === undefined) return Infinity;
  const most = wholeOf(limit, 'the limit of a split');
  return most < 0 ? Infinity : most + 1;
};

/** Divided at white space; the last part is the rest as it is, unless nothing but white space is left. */
function words(text: string, most: number, meter: Meter): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { index, 0: space } of text.matchAll(/\s+/g)) {
    if (parts.length >= most - 1) break;
    parts.push(text.slice(from, index));
    from = index + space.length;
  }
  const rest = text.slice(from);
  return bounded(rest === '' ? parts : [...parts, rest], meter);
}

const reversed = (text: string): string => charactersOf(text).reverse().join('');

export function replaceText(text: string, from: string, to: string, count: Value, meter: Meter): string {
  const parts = splitOr(text, from);
  const most = count === undefined || count === null ? -1 : wholeOf(count, 'the count');
  const times = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
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
  return gather(meter, (write) => {
    for (const [index, item] of items.entries()) write((index === 0 ? '' : separator) + toText(item, meter));
  });
}

/** Lines, each after the given margin. */
export const indentText = (text: string, margin: string, first: boolean, blank: boolean, meter: Meter): string => {
  const lines = text.split('\n');
  boundText(text.length + lines.length * margin.length, meter);
  return lines.map((line, index) => ((index === 0 ? first : blank || line.trim() !== '') ? margin + line : line)).join('\n');
};

export const marginOf = (width: Value, meter: Meter): string =>
  typeof width === 'string' ? width : repeatText(' ', wholeOf(width, 'the width'), meter);
