import { didYouMean } from '../model/nearest.ts';
import { TemplateFailure } from './template-failure.ts';

/** What becomes of white space around tags and of newlines. */
export interface Whitespace {
  /** The newline after a block tag or comment goes with it. */
  readonly trimBlocks: boolean;
  /** So does the white space before one that begins a line. */
  readonly lstripBlocks: boolean;
  readonly keepTrailingNewline: boolean;
  /** What newlines of the template become. */
  readonly newline: string;
}

/** Those of Ansible's `template` module, for scalars too. */
const usual: Whitespace = { trimBlocks: true, lstripBlocks: false, keepTrailingNewline: false, newline: '\n' };

const mark = '#jinja2:';
/** Characters of the line; all its options together are shorter. */
const longestLine = 500;
const options = ['trim_blocks', 'lstrip_blocks', 'keep_trailing_newline', 'newline_sequence'];

/**
 * Ansible's first line of a template, `#jinja2: lstrip_blocks: True, trim_blocks: False`, and how long it is; it is no part of the
 * text. Throws for what it cannot say here, with the place.
 */
export function readHeader(text: string, file: string): { readonly whitespace: Whitespace; readonly length: number } {
  if (!text.startsWith(mark)) return { whitespace: usual, length: 0 };
  const [line] = text.split('\n', 1) as [string];
  const values = new Map<string, string | boolean>();
  let from = mark.length;
  const failAt = (column: number, message: string, hint?: string): never => {
    throw new TemplateFailure(`template syntax: ${message}`, {
      code: 'template-syntax',
      hint,
      at: { file, line: 1, column },
    });
  };
  if (line.length > longestLine) failAt(1, `the "#jinja2:" line is longer than ${longestLine} characters`);
  for (const part of line.slice(from).split(',')) {
    const fail = (message: string, hint?: string): never =>
      failAt(from + part.length - part.trimStart().length + 1, message, hint);
    const colon = part.indexOf(':');
    const [name, value] = [part.slice(0, colon).trim(), part.slice(colon + 1).trim()];
    if (colon < 0) fail('expected "name: value, ..." after "#jinja2:"');
    else if (!options.includes(name))
      fail(`"#jinja2:" cannot set "${name}" here; known: ${options.join(', ')}`, didYouMean(name, options));
    else values.set(name, literalOf(value) ?? fail(`"${name}": expected True, False or a quoted text`));
    from += part.length + 1;
  }
  const newline = values.get('newline_sequence') ?? usual.newline;
  if (typeof newline !== 'string' || !['\n', '\r', '\r\n'].includes(newline)) {
    const column = line.indexOf('newline_sequence') + 1;
    return failAt(column, String.raw`"newline_sequence": expected "\n", "\r" or "\r\n"`);
  }
  const isSet = (name: string, otherwise: boolean): boolean => Boolean(values.get(name) ?? otherwise);
  return {
    whitespace: {
      trimBlocks: isSet('trim_blocks', usual.trimBlocks),
      lstripBlocks: isSet('lstrip_blocks', usual.lstripBlocks),
      keepTrailingNewline: isSet('keep_trailing_newline', usual.keepTrailingNewline),
      newline,
    },
    length: Math.min(text.length, line.length + 1),
  };
}

/** Python's booleans, whole numbers (as booleans) and strings. */
function literalOf(text: string): string | boolean | undefined {
  if (/^(?:True|False|\d+)$/.test(text)) return text === 'True' || Number(text) > 0;
  const [, , quoted] = /^(['"])(.*)\1$/.exec(text) ?? [];
  return quoted?.replaceAll(String.raw`\r`, '\r').replaceAll(String.raw`\n`, '\n');
}
