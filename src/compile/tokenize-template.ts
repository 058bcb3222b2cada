import lexer, { type Token, type Tokenizer } from 'nunjucks/src/lexer.js';
import type { Whitespace } from './template-header.ts';

/**
 * nunjucks' tokens of what stands inside tags, corrected where they are not Jinja's: `}}` may end a mapping, and strings have
 * Python's escapes. In `{{ }}` of a scalar they have none, as in Ansible, so that `regex_replace('(a)', '\\1')` means what it says.
 * What stands between tags is divided here: comments and `raw` are no tokens, and white space is as Jinja has it. The first
 * `skipped` characters of the text are left out.
 */
export function tokenize(text: string, skipped: number, isScalar: boolean, whitespace: Whitespace): Tokenizer {
  const tokens = lexer.lex(text);
  const insideTag = tokens.nextToken.bind(tokens);
  let braces = 0;
  let isLiteral = false;
  /** A whole number is then an index, `list.0.name`, and stands where a name does. */
  let isBehindDot = false;
  tokens.forwardN(skipped);

  /** What `pattern` finds from here on, or right here if it is sticky. */
  const find = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = tokens.index;
    return pattern.exec(text);
  };

  /** Goes behind the end of a tag, and behind the white space that goes with it. */
  const leave = ({ index, 0: end }: RegExpExecArray, isBlock: boolean): void => {
    tokens.forwardN(index + end.length - tokens.index);
    const sign = end.at(-3);
    const space = sign === '-' ? anySpace : isBlock && sign !== '+' && whitespace.trimBlocks ? oneNewline : undefined;
    if (space) tokens.forwardN(find(space)?.[0].length ?? 0);
  };

  /** The text up to a tag, without what the tag takes of it. */
  const before = (index: number, sign: string, isBlock: boolean): string => {
    const data = text.slice(tokens.index, index);
    if (sign === '-') return data.trimEnd();
    if (sign === '+' || !isBlock || !whitespace.lstripBlocks) return data;
    const line = data.lastIndexOf('\n') + 1;
    const isAtStart = line > 0 || tokens.index === skipped || text[tokens.index - 1] === '\n';
    return isAtStart && data.slice(line).trim() === '' ? data.slice(0, line) : data;
  };

  const dataToken = (data: string, { lineno, colno }: Place): Token => ({
    type: lexer.TOKEN_DATA,
    value: whitespace.newline === '\n' ? data : data.replaceAll('\n', whitespace.newline),
    lineno,
    colno,
  });

  const rawToken = (begin: RegExpExecArray): Token => {
    const { lineno, colno } = tokens;
    leave(begin, false);
    const end = find(endRaw) ?? unclosed('"raw" is never closed with "endraw"', { lineno, colno });
    const token = dataToken(before(end.index, end[1] ?? '', true), tokens);
    leave(end, true);
    return token;
  };

  const betweenTags = (): Token | null => {
    while (tokens.index < text.length) {
      const { index, lineno, colno } = tokens;
      const start = find(tagStart);
      if (start === null || start.index > index) {
        const data = start === null ? text.slice(index) : before(start.index, start[2] ?? '', start[1] !== '{{');
        tokens.forwardN((start?.index ?? text.length) - index);
        return dataToken(data, { lineno, colno });
      }
      const [all, mark] = start;
      const raw = find(beginRaw);
      if (raw) return rawToken(raw);
      tokens.forwardN(all.length);
      if (mark === '{#') {
        leave(find(endComment) ?? unclosed('a comment is never closed with "#}"', { lineno, colno }), true);
        continue;
      }
      tokens.in_code = true;
      braces = 0;
      isLiteral = isScalar && mark === '{{';
      return { type: mark === '{{' ? lexer.TOKEN_VARIABLE_START : lexer.TOKEN_BLOCK_START, value: mark, lineno, colno };
    }
    return null;
  };

  tokens.nextToken = () => {
    if (!tokens.in_code) return betweenTags();
    const { lineno, colno } = tokens;
    const end = find(tagEnd);
    if (end?.[0] === '}}' && braces > 0) {
      // The end of a mapping inside a mapping or call, not of the expression.
      tokens.forward();
      braces--;
      return { type: lexer.TOKEN_RIGHT_CURLY, value: '}', lineno, colno };
    }
    if (end) {
      const isBlock = end[0].endsWith('%}');
      leave(end, isBlock);
      tokens.in_code = false;
      const [type, value] = isBlock ? [lexer.TOKEN_BLOCK_END, '%}'] : [lexer.TOKEN_VARIABLE_END, '}}'];
      return { type, value, lineno, colno };
    }
    const index = isBehindDot ? find(wholeNumber) : null;
    const number = index ?? find(exponential);
    if (number) {
      tokens.forwardN(number[0].length);
      isBehindDot = false;
      return { type: index ? lexer.TOKEN_SYMBOL : lexer.TOKEN_FLOAT, value: Number(number[0]), lineno, colno };
    }
    const token = insideTag();
    isBehindDot = token?.type === lexer.TOKEN_OPERATOR && token.value === '.';
    if (token?.type === lexer.TOKEN_LEFT_CURLY) braces++;
    else if (token?.type === lexer.TOKEN_RIGHT_CURLY) braces--;
    return token;
  };
  tokens._parseString = (delimiter) => {
    const start = tokens.index + 1;
    let end = start;
    while (end < text.length && text[end] !== delimiter) end += text[end] === '\\' ? 2 : 1;
    if (end >= text.length) unclosed('a string is never closed', tokens);
    const raw = text.slice(start, end).replaceAll('\n', whitespace.newline);
    tokens.forwardN(end - start + 2);
    return isLiteral ? raw.replaceAll(`\\${delimiter}`, delimiter) : unescape(raw);
  };
  return tokens;
}

interface Place {
  readonly lineno: number;
  readonly colno: number;
}

const unclosed = (message: string, { lineno, colno }: Place): never => {
  throw Object.assign(new Error(message), { lineno: lineno + 1, colno: colno + 1 });
};

const tagStart = /(\{[%{#])([-+]?)/g;
const tagEnd = /[-+]?%\}|-?\}\}/y;
const endComment = /[-+]?#\}/g;
const beginRaw = /\{%[-+]?\s*raw\s*-?%\}/y;
const endRaw = /\{%([-+]?)\s*endraw\s*[-+]?%\}/g;
const wholeNumber = /\d+/y;
const exponential = /\d+(?:\.\d+)?e[-+]?\d+/iy;
const anySpace = /\s*/y;
const oneNewline = /\n?/y;

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
