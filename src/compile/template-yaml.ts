import { Lexer, parseDocument, visit } from 'yaml';
import { isObject } from '../model/json.ts';
import { TemplateFailure } from './template-failure.ts';
import { toFloat, WholeFloat } from './template-number.ts';
import type { Meter } from './template-value.ts';

/** What a part of the text costs: the library takes microseconds and kilobytes for each. */
const stepsPerPart = 20;
/** Brackets within brackets, and columns by which blocks may be indented: the library recurses. */
const deepest = 100;
const writtenAsFloat = /^[-+]?[\d_]*(?:\.|\d[eE])/;
/** PyYAML wants a point in every float, and a sign in its exponent: to it `1e3` is a text. */
const pythonFloat = /^[-+]?(?:\d[\d_]*\.[\d_]*|\.\d[\d_]*|\.inf|\.nan)(?:e[-+]\d+)?$/i;
/** What JSON has nothing for. */
const withoutJson = /^tag:yaml\.org,2002:(?:timestamp|binary|set|omap|pairs)$/;
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
    // Dates stay text, as in the inventory.
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !withoutJson.test(tag.tag)),
    logLevel: 'silent',
  });
  // A warning tells of a tag that nothing stands for.
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault) throw fault;
  visit(document, {
    Scalar(_key, node) {
      const { value, source = '' } = node;
      if (typeof value !== 'number' || !writtenAsFloat.test(source)) return;
      node.value = pythonFloat.test(source) ? toFloat(value) : source;
    },
  });
  return plain(document.toJS({ maxAliasCount: 100 }));
}

/** What is shared stands there as often as it is used, and what JSON has no number for is null. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (isObject(value) && !(value instanceof WholeFloat))
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  return value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value;
}
