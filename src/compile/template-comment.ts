import type { Filter } from './template-call.ts';
import { TemplateFailure } from './template-failure.ts';
import { wholeOf } from './template-number.ts';
import { repeatText } from './template-operators.ts';
import { stringOf } from './template-text.ts';
import { boundText, type Value } from './template-value.ts';

interface Style {
  readonly decoration: string;
  readonly beginning?: string;
  readonly end?: string;
}

const styles: { readonly [style: string]: Style } = {
  plain: { decoration: '# ' },
  erlang: { decoration: '% ' },
  c: { decoration: '// ' },
  cblock: { decoration: ' * ', beginning: '/*', end: ' */' },
  xml: { decoration: ' - ', beginning: '<!--', end: '-->' },
};

/** Ansible's `comment`: the text as comment lines, between empty ones. */
export const commentFilter: Filter = {
  params: ['style', 'decoration', 'beginning', 'end', 'prefix', 'prefix_count', 'postfix', 'postfix_count', 'newline'],
  run(input, [style, decoration, beginning, end, prefix, prefixCount = 1, postfix, postfixCount = 1, newline], tools) {
    const textOf = (value: Value, otherwise: string): string => (value === undefined ? otherwise : stringOf(value, tools));
    const name = textOf(style, 'plain');
    const known = Object.hasOwn(styles, name) ? styles[name]! : undefined;
    if (known === undefined) throw new TemplateFailure(`no comment style "${name}"; known: ${Object.keys(styles).join(', ')}`);
    const [mark, line, text] = [textOf(decoration, known.decoration), textOf(newline, '\n'), stringOf(input, tools)];
    if (line === '') throw new TemplateFailure('comment: the newline cannot be empty');
    const lines = text.split(line);
    boundText(text.length + lines.length * mark.length, tools);
    const body = lines.map((each, index) => (each === '' && index < lines.length - 1 ? mark.trimEnd() : mark + each)).join(line);
    const [before, after] = [textOf(prefix, mark.trimEnd()), textOf(postfix, mark.trimEnd())];
    const [opening, closing] = [textOf(beginning, known.beginning ?? ''), textOf(end, known.end ?? '')];
    return [
      opening && opening + line,
      before && repeatText(before === line ? line : before + line, wholeOf(prefixCount, 'prefix_count'), tools),
      body,
      repeatText(line + after, wholeOf(postfixCount, 'postfix_count'), tools),
      closing && line + closing,
    ].join('');
  },
};
