import { styleText } from 'node:util';

export type Paint = (format: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta', text: string) => string;

export const plain: Paint = (_format, text) => text;

/** Colours for a stream: only where it is a terminal, as NO_COLOR and FORCE_COLOR say. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  const coloured = styleText('red', 'x', { stream }) !== 'x';
  return coloured ? (format, text) => styleText(format, text, { validateStream: false }) : plain;
}
