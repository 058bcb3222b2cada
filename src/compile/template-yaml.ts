import { Lexer, parseDocument } from 'yaml';
import { TemplateFailure } from './template-failure.ts';
import type { Meter } from './template-value.ts';

/** What a part of the text costs: the library takes microseconds and kilobytes for each. */
const stepsPerPart = 20;
/** Brackets within brackets, and columns by which blocks may be indented: the library recurses. */
const deepest = 100;
const indicators = /(?:^|\n)[ \t?-]{400}/;

/**
 * Ansible's `from_yaml`: YAML 1.1 as plain values. The library has no bounds of its own, so the text is first read part by
 * part, which costs little. Throws what the library says of a text that is not YAML, and it may quote the text.
 */
export function readYamlText(text: string, meter: Meter): unknown {
  let depth = 0;
  for (const part of new Lexer().lex(text)) {
    meter.spend(stepsPerPart);
    if (part === '[' || part === '{') depth++;
    if (part === ']' || part === '}') depth--;
    if (depth > deepest) throw new TemplateFailure('from_yaml: the text is nested too deeply', { code: 'too-large' });
  }
  if (indicators.test(text)) throw new TemplateFailure('from_yaml: the text is nested too deeply', { code: 'too-large' });
  const document = parseDocument(text, {
    version: '1.1',
    customTags: (tags) => tags.filter((tag) => tag !== 'timestamp' && tag !== 'binary' && tag !== 'set' && tag !== 'omap'),
    logLevel: 'silent',
  });
  if (document.errors.length > 0) throw document.errors[0]!;
  return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? null));
}
