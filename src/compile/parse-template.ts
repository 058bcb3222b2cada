import lexer from 'nunjucks/src/lexer.js';
import nodes from 'nunjucks/src/nodes.js';
import parser from 'nunjucks/src/parser.js';
import { TemplateFailure } from './template-failure.ts';
import type { Node } from './template-nodes.ts';
import { tokenize } from './tokenize-template.ts';

/** Bytes. Larger templates are refused before they are parsed. */
const largestTemplate = 1024 * 1024;

const Slice = nodes.Node.extend('Slice', { fields: ['start', 'stop', 'step'] });

/**
 * Parses Jinja with nunjucks' lexer and parser. What nunjucks' parser does unlike Jinja, or in more than linear time, is
 * replaced here: slices (its own backtrack exponentially), `raw` (quadratic), operator order and nested inline `if`. Throws a
 * `TemplateFailure` with the place within the text. `file` is undefined for a scalar of a document.
 */
export function parseTemplate(text: string, file: string | undefined): Node {
  if (Buffer.byteLength(text) > largestTemplate) {
    throw new TemplateFailure(`the template is larger than ${largestTemplate} bytes`, { code: 'too-large' });
  }
  try {
    return new JinjaParser(tokenize(text, file === undefined)).parseAsRoot();
  } catch (error) {
    throw syntaxFailure(error, text, file ?? '');
  }
}

class JinjaParser extends parser.Parser {
  override parseInlineIf(): Node {
    const body = this.parseOr();
    if (!this.skipSymbol('if')) return body;
    const cond = this.parseOr();
    const other = this.skipSymbol('else') ? this.parseInlineIf() : null;
    return make('InlineIf', body, cond, body, other);
  }

  override parseAdd(): Node {
    return this.#leftToRight({ '+': 'Add', '-': 'Sub' }, () => this.#parseTerm());
  }

  #parseTerm(): Node {
    return this.#leftToRight({ '*': 'Mul', '/': 'Div', '//': 'FloorDiv', '%': 'Mod' }, () => this.parsePow());
  }

  #leftToRight(operators: { readonly [token: string]: string }, parseOperand: () => Node): Node {
    let left = parseOperand();
    for (;;) {
      const operator = Object.keys(operators).find((token) => this.skipValue(lexer.TOKEN_OPERATOR, token));
      if (operator === undefined) return left;
      left = make(operators[operator]!, left, left, parseOperand());
    }
  }

  override parseAggregate(): Node | null {
    const open = this.nextToken();
    if (open?.type === lexer.TOKEN_LEFT_PAREN) return this.#parseItems('Group', lexer.TOKEN_RIGHT_PAREN, open);
    if (open?.type === lexer.TOKEN_LEFT_BRACKET) return this.#parseItems('Array', lexer.TOKEN_RIGHT_BRACKET, open);
    if (open?.type === lexer.TOKEN_LEFT_CURLY) return this.#parseItems('Dict', lexer.TOKEN_RIGHT_CURLY, open);
    return null;
  }

  #parseItems(typename: string, close: string, open: { lineno: number; colno: number }): Node {
    const items: Node[] = [];
    while (!this.skip(close)) {
      if (items.length > 0 && !this.skip(lexer.TOKEN_COMMA)) this.fail('a comma or the closing bracket is missing');
      if (items.length > 0 && this.skip(close)) break;
      items.push(typename === 'Dict' ? this.#parsePair() : typename === 'Array' ? this.#parseItem() : this.parseExpression());
    }
    return make(typename, open, items);
  }

  #parsePair(): Node {
    const key = this.parsePrimary();
    if (!this.skip(lexer.TOKEN_COLON)) this.fail('a colon is missing after the key');
    return make('Pair', key, key, this.parseExpression());
  }

  #parseItem(): Node {
    const place = this.peekToken() ?? { lineno: 0, colno: 0 };
    const parts: (Node | null)[] = [null, null, null];
    let index = 0;
    for (;;) {
      const next = this.peekToken();
      if (next?.type === lexer.TOKEN_COLON) {
        this.nextToken();
        if (++index > 2) this.fail('too many colons in a slice');
      } else if (next?.type === lexer.TOKEN_RIGHT_BRACKET || parts[index] !== null) {
        break;
      } else {
        parts[index] = this.parseExpression();
      }
    }
    if (index > 0) return new Slice(place.lineno, place.colno, ...parts);
    return parts[0] ?? this.fail('a value is missing between the brackets');
  }

  override parseRaw(tag = 'raw'): Node {
    const begun = this.advanceAfterBlockEnd();
    const { str, index } = this.tokens;
    const marks = new RegExp(`\\{%-?[ \\t]*(end)?${tag}[ \\t]*-?%\\}`, 'g');
    marks.lastIndex = index;
    let depth = 1;
    for (let mark = marks.exec(str); mark !== null; mark = marks.exec(str)) {
      depth += mark[1] === undefined ? 1 : -1;
      if (depth > 0) continue;
      this.tokens.forwardN(mark.index - index);
      this.tokens.nextToken();
      this.tokens.nextToken();
      this.advanceAfterBlockEnd();
      return make('Output', begun, [make('TemplateData', begun, str.slice(index, mark.index))]);
    }
    return this.fail(`"${tag}" is never closed with "end${tag}"`, begun.lineno, begun.colno);
  }
}

const make = (typename: string, place: { lineno: number; colno: number }, ...fields: unknown[]): Node =>
  new nodes[typename]!(place.lineno, place.colno, ...fields);

function syntaxFailure(error: unknown, text: string, file: string): TemplateFailure {
  if (error instanceof TemplateFailure) return error;
  if (error instanceof RangeError) return new TemplateFailure('the template is nested too deeply', { code: 'too-large' });
  const { lineno, colno, message } = error as { lineno?: number; colno?: number; message: string };
  const said = message.replace(/^\(.*?\)\n?\s*/s, '').replace(/^(Template render error:|parse\w+:)\s*/, '');
  const reported = said.replace('expected variable end', 'expected "}}"').replace('expected block end', 'expected "%}"');
  const lines = text.split('\n');
  const known = typeof lineno === 'number' && lineno > 0;
  const reason = error instanceof TypeError ? 'the template ends too early' : reported.trim();
  return new TemplateFailure(`template syntax: ${reason}`, {
    code: 'template-syntax',
    at: known ? { file, line: lineno, column: colno ?? 1 } : { file, line: lines.length, column: lines.at(-1)!.length + 1 },
  });
}
