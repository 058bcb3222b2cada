import { printableLine } from './printable.ts';

/**
 * Text from elsewhere as one line of at most so many columns of a terminal; what does not fit ends in `...`. Of a longer text only the
 * beginning is looked at. Wide characters count two columns, and so may some that take one.
 */
export function fit(text: string, columns: number): string {
  // A character may take several code units, and what is hidden is written out and gets longer.
  const beginning = text.slice(0, columns * 4 + 8);
  const line = printableLine(beginning);
  if (beginning.length === text.length && width(line) <= columns) return line;
  const end = columns > 3 ? '...' : '';
  let left = columns - end.length;
  let kept = '';
  for (const character of line) {
    left -= width(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + end;
}

/** The text, filled up with spaces to so many columns. */
export const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - width(text)));

/** Columns that a text without control characters takes, or a few more. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) columns += character.codePointAt(0)! < 0x1100 ? 1 : 2;
  return columns;
}
