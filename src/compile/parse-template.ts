import { didYouMean } from '../model/nearest.ts';
import lexer, { type Token } from 'nunjucks/src/lexer.js';
import nodes from 'nunjucks/src/nodes.js';
import parser from 'nunjucks/src/parser.js';
import { TemplateFailure } from './template-failure.ts';
import { readHeader, type Whitespace } from './template-header.ts';
import type { Node } from './template-nodes.ts';
import { toFloat } from './template-number.ts';
import { tokenize } from './tokenize-template.ts';

/** Bytes. Larger templates are refused before they are parsed. */
const largestTemplate = 1024 * 1024;

const Slice = nodes.Node.extend('Slice', { fields: ['start', 'stop', 'step'] });
const With = nodes.Node.extend('With', { fields: ['names', 'values', 'body'] });

/**
 * Parses Jinja with nunjucks' lexer and parser. What nunjucks' parser does unlike Jinja, or in more than linear time, is
 * replaced here: slices (its own backtrack exponentially), operator order and nested inline `if`. Throws a `TemplateFailure` with
 * the place within the text. `file` is undefined for a scalar of a document. `outer` is given for what another template includes:
 * it has its white space, and no header.
 */
export function parseTemplate(text: string, file: string | undefined, outer?: Whitespace): Node {
  if (Buffer.byteLength(text) > largestTemplate) {
    throw new TemplateFailure(`the template is larger than ${largestTemplate} bytes`, { code: 'too-large' });
  }
  const { whitespace, length } = outer ? { whitespace: outer, length: 0 } : readHeader(text, file ?? '');
  const lines = text.replace(/\r\n?/g, '\n');
  const body = lines.endsWith('\n') && !whitespace.keepTrailingNewline ? lines.slice(0, -1) : lines;
  try {
    return new JinjaParser(tokenize(body, Math.min(length, body.length), file === undefined, whitespace)).parseAsRoot();
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

  override parsePrimary(noPostfix?: boolean): Node {
    const token = this.peekToken();
    if (token?.type === lexer.TOKEN_STRING) return this.#parseStrings(token, noPostfix);
    if (token?.type !== lexer.TOKEN_FLOAT) return super.parsePrimary(noPostfix);
    this.nextToken();
    return make('Literal', token, toFloat(Number(token.value)));
  }

  /** Strings in a row are one. */
  #parseStrings(first: Token, noPostfix = false): Node {
    const parts: string[] = [];
    for (let next = this.peekToken(); next?.type === lexer.TOKEN_STRING; next = this.peekToken()) {
      parts.push(String(next.value));
      this.nextToken();
    }
    const text = make('Literal', first, parts.join(''));
    return noPostfix ? text : this.parsePostfix(text);
  }

  /** `set a, b = 1, 2`, and `set a` around a text. */
  override parseSet(): Node {
    const tag = this.nextToken() ?? this.fail('expected set');
    const targets = this.#parseTargets();
    if (this.skipValue(lexer.TOKEN_OPERATOR, '=')) {
      const first = this.parseExpression();
      const parts = [first];
      while (this.skip(lexer.TOKEN_COMMA) && this.peekToken()?.type !== lexer.TOKEN_BLOCK_END) parts.push(this.parseExpression());
      this.advanceAfterBlockEnd('set');
      return make('Set', tag, targets, parts.length > 1 ? make('Array', first, parts) : first);
    }
    this.advanceAfterBlockEnd('set');
    const body = make('Capture', tag, this.parseUntilBlocks('endset'));
    this.advanceAfterBlockEnd();
    return Object.assign(make('Set', tag, targets, null), { body });
  }

  override parseFor(): Node {
    const tag = this.peekToken();
    if (tag?.value !== 'for') return super.parseFor();
    this.nextToken();
    const targets = this.#parseTargets();
    if (!targets.every(isTarget)) this.fail('variable name expected for loop', tag.lineno, tag.colno);
    if (!this.skipSymbol('in')) this.fail('expected "in" keyword for loop', tag.lineno, tag.colno);
    const list = this.parseExpression();
    this.advanceAfterBlockEnd('for');
    const body = this.parseUntilBlocks('endfor', 'else');
    const hasElse = this.skipSymbol('else');
    if (hasElse) this.advanceAfterBlockEnd('else');
    const other = hasElse ? this.parseUntilBlocks('endfor') : null;
    this.advanceAfterBlockEnd();
    return make('For', tag, list, targets.length === 1 ? targets[0] : make('Array', tag, targets), body, other);
  }

  /** What a value is divided over: `a`, `a, b`, `(a, b)`, `a, (b, c)`. */
  #parseTargets(): readonly Node[] {
    const targets = [this.parsePrimary()];
    while (this.skip(lexer.TOKEN_COMMA)) targets.push(this.parsePrimary());
    const [only] = targets;
    const isInBrackets = targets.length === 1 && (only?.typename === 'Array' || only?.typename === 'Group');
    return isInBrackets ? only.children : targets;
  }

  /** What is included sees the names of the place: `with context` says so, as Jinja does without it. */
  override parseInclude(): Node {
    const tag = this.nextToken() ?? this.fail('expected include');
    const template = this.parseExpression();
    const mayBeMissing = this.skipSymbol('ignore') && this.skipSymbol('missing');
    if (this.skipSymbol('with') && !this.skipSymbol('context')) this.fail('expected "context" after "with"');
    this.advanceAfterBlockEnd('include');
    return make('Include', tag, template, mayBeMissing);
  }

  override parseStatement(): Node | null {
    const tag = this.peekToken();
    return tag?.type === lexer.TOKEN_SYMBOL && tag.value === 'with' ? this.#parseWith(tag) : super.parseStatement();
  }

  #parseWith(tag: Token): Node {
    this.nextToken();
    const names: Node[] = [];
    const values: Node[] = [];
    while (this.peekToken()?.type !== lexer.TOKEN_BLOCK_END) {
      if (names.length > 0 && !this.skip(lexer.TOKEN_COMMA)) this.fail('a comma or "%}" is missing in "with"');
      names.push(this.parsePrimary());
      if (!this.skipValue(lexer.TOKEN_OPERATOR, '=')) this.fail('expected NAME = VALUE in "with"');
      values.push(this.parseExpression());
    }
    this.advanceAfterBlockEnd('with');
    const body = this.parseUntilBlocks('endwith');
    this.advanceAfterBlockEnd();
    return new With(tag.lineno, tag.colno, names, values, body);
  }

  /** Tests bind as tightly as filters do, and are read there. */
  override parseIs(): Node {
    return this.parseCompare();
  }

  override parseFilter(subject: Node): Node {
    let node = subject;
    for (;;) {
      if (this.peekToken()?.type === lexer.TOKEN_PIPE) node = super.parseFilter(node);
      else if (this.skipSymbol('is')) node = this.#parseTest(node);
      else return node;
    }
  }

  /** `is name`, `is name(arguments)` or `is name argument`. */
  #parseTest(subject: Node): Node {
    const isNegated = this.skipSymbol('not');
    let token = this.nextToken() ?? this.fail('a test is missing after "is"');
    if (!testNames.has(token.type)) this.fail('a test is missing after "is"', token.lineno, token.colno);
    let name = String(token.value);
    while (this.skipValue(lexer.TOKEN_OPERATOR, '.')) {
      token = this.nextToken() ?? token;
      name += `.${String(token.value)}`;
    }
    const symbol = make('Symbol', token, name);
    const next = this.peekToken();
    const isArgument =
      next !== null && testArguments.has(next.type) && !(next.type === lexer.TOKEN_SYMBOL && keywords.has(String(next.value)));
    const args =
      next?.type === lexer.TOKEN_LEFT_PAREN
        ? this.parseSignature()
        : isArgument && make('NodeList', token, [this.parsePrimary()]);
    const made = make('Is', subject, subject, args ? make('FunCall', token, symbol, args) : symbol);
    return isNegated ? make('Not', subject, made) : made;
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
    let hasComma = false;
    while (!this.skip(close)) {
      if (items.length > 0 && !this.skip(lexer.TOKEN_COMMA)) this.fail('a comma or the closing bracket is missing');
      hasComma = items.length > 0;
      if (hasComma && this.skip(close)) break;
      items.push(typename === 'Dict' ? this.#parsePair() : typename === 'Array' ? this.#parseItem() : this.parseExpression());
    }
    // Only a group of one value without a comma is that value: `(x,)` is a list of one.
    const isTuple = typename === 'Group' && (hasComma || items.length === 0);
    return make(isTuple ? 'Array' : typename, open, items);
  }

  #parsePair(): Node {
    const key = this.parseExpression();
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

  /** Jinja has `raw` only, which is no token. */
  override parseRaw(tag = 'raw'): Node {
    return this.fail(`"${tag}" stands alone between "{%" and "%}", or is not known`);
  }
}

const isTarget = (node: Node): boolean =>
  node.typename === 'Symbol' || (node.typename === 'Array' && node.children.every(isTarget));

const testNames = new Set([lexer.TOKEN_SYMBOL, lexer.TOKEN_NONE, lexer.TOKEN_BOOLEAN]);
const testArguments = new Set([
  ...testNames,
  lexer.TOKEN_STRING,
  lexer.TOKEN_INT,
  lexer.TOKEN_FLOAT,
  lexer.TOKEN_LEFT_BRACKET,
  lexer.TOKEN_LEFT_CURLY,
]);
/** What goes on after a test, and is no argument of it. */
const keywords = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else', 'recursive']);

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
    hint: hintFor(reason, known ? lines[lineno - 1]!.slice((colno ?? 1) - 1) : ''),
    at: known ? { file, line: lineno, column: colno ?? 1 } : { file, line: lines.length, column: lines.at(-1)!.length + 1 },
  });
}

const tags =
  'if elif else endif for endfor set endset with endwith macro endmacro call endcall filter endfilter block endblock raw endraw include import from extends'.split(
    ' ',
  );

/** `rest`: the line from the place on. */
function hintFor(reason: string, rest: string): string | undefined {
  const [, unknown] = /^unknown block tag: (\w+)$/.exec(reason) ?? [];
  if (unknown !== undefined) return didYouMean(unknown, tags);
  if (/end of file|ends too early/.test(reason)) return '{% if %} needs {% endif %}, {% for %} needs {% endfor %}';
  return /^=(?!=)/.test(rest.trimStart()) ? '"==" compares' : undefined;
}
