import lexer, { type Tokenizer } from 'nunjucks/src/lexer.js';

/** nunjucks trims data by patterns that are quadratic in runs of white space; this answers the same calls in linear time. */
class DataText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  replace(pattern: RegExp): DataText {
    return new DataText(pattern.source.startsWith('^') ? this.text.trimStart() : this.text.trimEnd());
  }

  toString(): string {
    return this.text;
  }
}

/**
 * nunjucks' tokens, corrected where they are not Jinja's: `}}` may end a mapping, the newline after a comment goes with it, and
 * strings have Python's escapes. In `{{ }}` of a scalar they have none, as in Ansible, so that `regex_replace('(a)', '\\1')`
 * means what it says.
 */
export function tokenize(text: string, isScalar: boolean): Tokenizer {
  const tokens = lexer.lex(text, { trimBlocks: true, lstripBlocks: true });
  const nextToken = tokens.nextToken.bind(tokens);
  let braces = 0;
  let isLiteral = false;
  tokens.nextToken = () => {
    const { index, lineno, colno } = tokens;
    if (braces > 0 && text.startsWith('}}', index)) {
      // The end of a mapping inside a mapping or call, not of the expression.
      tokens.forward();
      braces--;
      return { type: lexer.TOKEN_RIGHT_CURLY, value: '}', lineno, colno };
    }
    const token = nextToken();
    if (token?.type === lexer.TOKEN_VARIABLE_START) isLiteral = isScalar;
    else if (token?.type === lexer.TOKEN_BLOCK_START) isLiteral = false;
    else if (token?.type === lexer.TOKEN_LEFT_CURLY) braces++;
    else if (token?.type === lexer.TOKEN_RIGHT_CURLY) braces--;
    else if (token?.type === lexer.TOKEN_COMMENT) {
      if (text.startsWith('\r\n', tokens.index)) tokens.forwardN(2);
      else if (text.startsWith('\n', tokens.index)) tokens.forward();
    } else if (token?.type === lexer.TOKEN_DATA) {
      const data = String(token.value);
      token.value = new DataText(text.startsWith('{#', tokens.index) ? withoutIndent(data, token.colno === 0) : data);
    }
    return token;
  };
  tokens._parseString = (delimiter) => {
    const start = tokens.index + 1;
    let end = start;
    while (end < text.length && text[end] !== delimiter) end += text[end] === '\\' ? 2 : 1;
    if (end >= text.length)
      throw Object.assign(new Error('a string is never closed'), { lineno: tokens.lineno + 1, colno: tokens.colno + 1 });
    const raw = text.slice(start, end);
    tokens.forwardN(raw.length + 2);
    return isLiteral ? raw.replaceAll(`\\${delimiter}`, delimiter) : unescape(raw);
  };
  return tokens;
}

const escapes: { readonly [letter: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** Python's escapes; unknown ones stay as they are, so that `'\\d+'` is a pattern. */
const unescape = (raw: string): string =>
  raw.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U000([\da-f]{5})|([0-7]{1,3})|([\s\S]))/gi,
    (whole, x, u, long, octal, letter) => {
      if (letter !== undefined) return escapes[letter as string] ?? whole;
      return String.fromCodePoint(octal === undefined ? Number.parseInt(x ?? u ?? long, 16) : Number.parseInt(octal, 8));
    },
  );

function withoutIndent(data: string, startsLine: boolean): string {
  const line = data.lastIndexOf('\n') + 1;
  const isIndent = (line > 0 || startsLine) && data.slice(line).trim() === '';
  return isIndent ? data.slice(0, line) : data;
}
