/** The parts of nunjucks that the template parser builds on; @types/nunjucks does not describe them. */
declare module 'nunjucks/src/lexer.js' {
  export interface Token {
    readonly type: string;
    value: unknown;
    readonly lineno: number;
    readonly colno: number;
  }
  export interface Tokenizer {
    nextToken(): Token | null;
    forward(): void;
    forwardN(count: number): void;
    readonly str: string;
    readonly index: number;
    readonly lineno: number;
    readonly colno: number;
    /** Whether a tag has begun and not ended. */
    in_code: boolean;
    /** Called on an opening quote; leaves the tokenizer behind the closing one. */
    _parseString(delimiter: string): string;
  }
  const lexer: {
    lex(text: string): Tokenizer;
    readonly TOKEN_DATA: string;
    readonly TOKEN_BLOCK_START: string;
    readonly TOKEN_BLOCK_END: string;
    readonly TOKEN_VARIABLE_START: string;
    readonly TOKEN_VARIABLE_END: string;
    readonly TOKEN_STRING: string;
    readonly TOKEN_INT: string;
    readonly TOKEN_FLOAT: string;
    readonly TOKEN_BOOLEAN: string;
    readonly TOKEN_NONE: string;
    readonly TOKEN_SYMBOL: string;
    readonly TOKEN_PIPE: string;
    readonly TOKEN_OPERATOR: string;
    readonly TOKEN_COMMA: string;
    readonly TOKEN_COLON: string;
    readonly TOKEN_LEFT_PAREN: string;
    readonly TOKEN_RIGHT_PAREN: string;
    readonly TOKEN_LEFT_BRACKET: string;
    readonly TOKEN_RIGHT_BRACKET: string;
    readonly TOKEN_LEFT_CURLY: string;
    readonly TOKEN_RIGHT_CURLY: string;
  };
  export default lexer;
}

declare module 'nunjucks/src/nodes.js' {
  type Construct = new (lineno: number, colno: number, ...fields: unknown[]) => import('./template-nodes.ts').Node;
  const nodes: { readonly [name: string]: Construct } & { readonly Node: { extend(name: string, props: object): Construct } };
  export default nodes;
}

declare module 'nunjucks/src/parser.js' {
  type Node = import('./template-nodes.ts').Node;
  type Token = import('nunjucks/src/lexer.js').Token;
  class Parser {
    constructor(tokens: import('nunjucks/src/lexer.js').Tokenizer);
    tokens: import('nunjucks/src/lexer.js').Tokenizer;
    parseAsRoot(): Node;
    parsePrimary(noPostfix?: boolean): Node;
    parsePostfix(node: Node): Node;
    parseUnary(): Node;
    parsePow(): Node;
    parseOr(): Node;
    parseAdd(): Node;
    parseInlineIf(): Node;
    parseIs(): Node;
    parseCompare(): Node;
    parseFilter(subject: Node): Node;
    parseSet(): Node;
    parseFor(): Node;
    parseInclude(): Node;
    parseStatement(): Node | null;
    parseSignature(): Node;
    parseUntilBlocks(...names: string[]): Node;
    parseExpression(): Node;
    parseAggregate(): Node | null;
    parseRaw(tag?: string): Node;
    advanceAfterBlockEnd(name?: string): Token;
    nextToken(): Token | null;
    peekToken(): Token | null;
    skip(type: string): boolean;
    skipSymbol(name: string): boolean;
    skipValue(type: string, value: string): boolean;
    fail(message: string, lineno?: number, colno?: number): never;
  }
  const parser: { readonly Parser: typeof Parser };
  export default parser;
}
