import { isObject } from '../model/json.ts';
import { WholeFloat } from './template-number.ts';

interface BlockStyle {
  /** Columns of one level. */
  readonly indent: number;
  /** A text goes on in the next line at its first single space beyond this column. */
  readonly width: number;
  readonly isSorted: boolean;
  /** What stands behind `key: ` at the left edge, further lines too. */
  readonly scalar: (value: unknown) => string;
  readonly key: (name: string) => string;
}

const pad = (columns: number): string => ' '.repeat(columns);

/**
 * A list or mapping as PyYAML writes it in block style, which the library cannot: lists stand below their key without indentation,
 * and what is in a list begins where a level does, `-   key: value`.
 */
export function writeYamlBlock(collection: object, style: BlockStyle): string {
  const { indent } = style;
  const entriesOf = (value: object): [string, unknown][] => {
    const entries: [string, unknown][] = Object.entries(value);
    return style.isSorted ? entries.sort(([a], [b]) => (a < b ? -1 : 1)) : entries;
  };
  const write = (value: object, column: number): string => {
    const scalar = (member: unknown, start: number): string => {
      const text = style.scalar(member).replaceAll(/\n(?!\n)/g, `\n${pad(column)}`);
      return text.includes('\n') ? text : fold(text, start, column + indent, style.width);
    };
    const lines = Array.isArray(value)
      ? value.map((item: unknown) =>
          isFilled(item) ? `-${pad(indent - 1)}${write(item, column + indent)}` : `- ${scalar(item, column + 2)}`,
        )
      : entriesOf(value).map(([name, member]) => {
          const key = `${style.key(name).replaceAll('\n', `\n${pad(column)}`)}:`;
          if (!isFilled(member)) return `${key} ${scalar(member, column + key.length + 1)}`;
          const inner = Array.isArray(member) ? column : column + indent;
          return `${key}\n${pad(inner)}${write(member, inner)}`;
        });
    return lines.join(`\n${pad(column)}`);
  };
  return `${write(collection, 0)}\n`;
}

export const isFilled = (value: unknown): value is object =>
  Array.isArray(value) ? value.length > 0 : isObject(value) && !(value instanceof WholeFloat) && Object.keys(value).length > 0;

/** Single spaces within a text without double quotes become line breaks. `start`: its column; `margin`: that of further lines. */
function fold(text: string, start: number, margin: number, width: number): string {
  if (start + text.length <= width || text.startsWith('"')) return text;
  const mark = text.startsWith("'") ? "'" : '';
  let column = start + mark.length;
  const folded = text
    .slice(mark.length, text.length - mark.length)
    .split(/(?<=[^ ]) (?=[^ ])/)
    .map((word, index) => {
      const isBroken = index > 0 && column > width;
      column = (isBroken ? margin : column + Math.min(index, 1)) + word.length;
      return (isBroken ? `\n${pad(margin)}` : index > 0 ? ' ' : '') + word;
    });
  return mark + folded.join('') + mark;
}
