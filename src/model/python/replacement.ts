import type { PythonMatch, PythonPattern } from './pattern.ts';
import { PatternReader } from './reader.ts';

const escapes: { readonly [letter: string]: string } = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** A replacement as Python's `sub` reads it: what it writes for a match. Throws a PatternFault. */
export function readReplacement(replacement: string, pattern: PythonPattern): (match: PythonMatch) => string {
  const reader: PatternReader = new PatternReader(replacement);
  const parts: (string | number)[] = [];
  while (reader.next !== undefined) {
    const at = reader.index;
    const character = reader.take();
    parts.push(character === '\\' ? readEscape(reader, pattern, at) : character);
  }
  return (match) => parts.map((part) => (typeof part === 'string' ? part : (match.group(part) ?? ''))).join('');
}

/** A text, or the number of a group. */
function readEscape(reader: PatternReader, pattern: PythonPattern, at: number): string | number {
  const letter = reader.take();
  if (letter === 'g') {
    const name = reader.accept('<') ? reader.takeUntil('>') : '';
    if (name === '') reader.fail(String.raw`a "\g" without a group in the replacement`, at);
    return pattern.groupOf(/^\d+$/.test(name) ? Number(name) : name);
  }
  if (letter === '0') return String.fromCharCode(Number.parseInt(letter + reader.takeWhile(/[0-7]/, 2), 8));
  if (/\d/.test(letter)) {
    const digits = letter + reader.takeWhile(/\d/, 1);
    if (!/^[0-7]{2}$/.test(digits) || !/[0-7]/.test(reader.next ?? '')) return pattern.groupOf(Number(digits));
    const code = Number.parseInt(digits + reader.take(), 8);
    return code <= 0o377 ? String.fromCharCode(code) : reader.fail('an octal escape beyond 0o377 in the replacement', at);
  }
  if (Object.hasOwn(escapes, letter)) return escapes[letter]!;
  if (/[A-Za-z]/.test(letter)) reader.fail('an escape in the replacement that Python does not have', at);
  return `\\${letter}`;
}
