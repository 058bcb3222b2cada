import { caseVariants } from './letter-case.ts';
import type { PatternReader } from './reader.ts';

/** Python's flags by their letters; `u` is the opposite of `a`. */
export interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly a: boolean;
}

/** What an escape stands for: a code point, a class such as `\d`, an anchor, or a group. */
type Escape =
  { readonly code: number } | { readonly category: string } | { readonly anchor: string } | { readonly group: number };

const named: { readonly [letter: string]: number } = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const hexDigits: { readonly [letter: string]: number } = { x: 2, u: 4, U: 8 };
const octal = /[0-7]/;

/** The insides of classes in JavaScript's `v` mode; what Unicode calls white space and what Python does are not the same. */
const unicodeClasses: { readonly [letter: string]: string } = {
  d: String.raw`\p{Nd}`,
  s: String.raw`\t-\r\u{1c}-\u{20}\u{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}`,
  w: String.raw`\p{L}\p{N}_`,
};
const asciiClasses: { readonly [letter: string]: string } = { d: '0-9', s: String.raw`\t-\r\u{20}`, w: '0-9A-Za-z_' };

/** What follows a backslash. Inside of a class there are no anchors and no groups. */
export function readEscape(reader: PatternReader, isInClass: boolean): Escape {
  const at = reader.index - 1;
  const letter = reader.take();
  if (/[dDsSwW]/.test(letter)) return { category: letter };
  if (isInClass && letter === 'b') return { code: 8 };
  if (!isInClass && /[AZbB]/.test(letter)) return { anchor: letter };
  if (Object.hasOwn(named, letter)) return { code: named[letter]! };
  if (Object.hasOwn(hexDigits, letter)) {
    const digits = reader.takeWhile(/[0-9A-Fa-f]/, hexDigits[letter]);
    const code = Number.parseInt(digits, 16);
    return digits.length === hexDigits[letter] && code <= 0x10ffff ? { code } : reader.fail('an incomplete escape', at);
  }
  if (letter === 'N') reader.fail(String.raw`the named character "\N{...}" is not provided`, at);
  if (/[0-9]/.test(letter)) return readNumber(reader, letter, isInClass, at);
  if (/[A-Za-z]/.test(letter)) reader.fail('an escape that Python does not have', at);
  return { code: letter.codePointAt(0)! };
}

/** Three octal digits, or any after a 0, are a character; others are a group. */
function readNumber(reader: PatternReader, first: string, isInClass: boolean, at: number): Escape {
  let digits = first;
  if (isInClass || first === '0') {
    digits += reader.takeWhile(octal, 2);
    if (!octal.test(first)) reader.fail('an escape that Python does not have', at);
  } else {
    digits += reader.takeWhile(/[0-9]/, 1);
    if (!/^[0-7]{2}$/.test(digits) || reader.next === undefined || !octal.test(reader.next)) return { group: Number(digits) };
    digits += reader.take();
  }
  const code = Number.parseInt(digits, 8);
  return code <= 0o377 ? { code } : reader.fail('an octal escape beyond 0o377', at);
}

/** A class such as `\d` as the inside of a class. */
export function categorySource(letter: string, flags: Flags): string {
  const inside = (flags.a ? asciiClasses : unicodeClasses)[letter.toLowerCase()]!;
  return letter === letter.toLowerCase() ? inside : `[^${inside}]`;
}

const codeSource = (code: number): string => String.raw`\u{${code.toString(16)}}`;

/** The characters from `low` to `high`, with their variants where case is ignored, as the inside of a class. */
export function rangeSource(low: number, high: number, flags: Flags): string {
  const variants = flags.i ? caseVariants(low, high, flags.a) : [];
  const others = new Set(variants.filter((code) => code < low || code > high));
  return `${codeSource(low)}${high > low ? `-${codeSource(high)}` : ''}${[...others].map(codeSource).join('')}`;
}

/** A class whose `[` was read. */
export function readClass(reader: PatternReader, flags: Flags): string {
  const start = reader.index - 1;
  const isNegated = reader.accept('^');
  const readItem = (): Escape => {
    const character = reader.next === undefined ? reader.fail('a class without an end', start) : reader.take();
    return character === '\\' ? readEscape(reader, true) : { code: character.codePointAt(0)! };
  };
  const parts: string[] = [];
  // A bracket that stands first is one of the characters.
  while (parts.length === 0 || !reader.accept(']')) {
    const at = reader.index;
    const low = readItem();
    const isRange = reader.accept('-');
    if (!isRange || reader.next === ']') {
      parts.push(
        'code' in low ? rangeSource(low.code, low.code, flags) : 'category' in low ? categorySource(low.category, flags) : '',
      );
      if (isRange) parts.push(codeSource(0x2d));
      continue;
    }
    const high = readItem();
    if (!('code' in low) || !('code' in high) || high.code < low.code) reader.fail('a bad range of characters', at);
    parts.push(rangeSource(low.code, high.code, flags));
  }
  return `[${isNegated ? '^' : ''}${parts.join('')}]`;
}
