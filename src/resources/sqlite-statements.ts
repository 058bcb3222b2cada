/** One word, symbol or literal of SQL. Comments and white space are gone. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'symbol';
  /** As written, quotes included. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface SqlStatement {
  /** From the first token to the last, without the semicolon. */
  readonly text: string;
  readonly tokens: readonly SqlToken[];
  /** Of its first token, counted from 1. */
  readonly line: number;
}

const pattern =
  /(?<skip>\s+|--[^\n]*|\/\*[^]*?(?:\*\/|$))|(?<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]\n]{0,200}\])|(?<string>'(?:[^']|'')*')|(?<word>[\w$\u0080-\uffff]+)|(?<symbol>[!=]=|<>|[^])/gy;

/** Splits SQL without understanding it; what it means is for SQLite to say. */
export function splitSql(sql: string): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  let tokens: SqlToken[] = [];
  const finish = (): void => {
    const [first] = tokens;
    const last = tokens.at(-1);
    if (first && last)
      statements.push({ text: sql.slice(first.start, last.end), tokens, line: sql.slice(0, first.start).split('\n').length });
    tokens = [];
  };
  for (const match of sql.matchAll(pattern)) {
    const { skip, quoted, string, word } = match.groups ?? {};
    if (skip !== undefined) continue;
    const [text] = match;
    if (text === ';') {
      finish();
      continue;
    }
    const kind = quoted !== undefined ? 'quoted' : string !== undefined ? 'string' : word !== undefined ? 'word' : 'symbol';
    tokens.push({ kind, text, start: match.index, end: match.index + text.length });
  }
  finish();
  return statements;
}

/** The name that an identifier stands for. */
export function unquote({ kind, text }: SqlToken): string {
  if (kind !== 'quoted') return text;
  const inner = text.slice(1, -1);
  return text.startsWith('[') ? inner : inner.replaceAll(text[0] === '"' ? '""' : '``', text[0] ?? '');
}

/** SQLite knows two signs for each of these. */
const sameSign: { readonly [sign: string]: string } = { '!=': '<>', '==': '=' };

/** The same for statements that differ only in case, white space, comments, quotes around names, and such signs. */
export const canonicalSql = (sql: string): string => canonicalTokens(splitSql(sql).flatMap(({ tokens }) => tokens));

export const canonicalTokens = (tokens: readonly SqlToken[]): string =>
  tokens
    .map((token) => {
      if (token.kind === 'string') return token.text;
      return token.kind === 'symbol' ? (sameSign[token.text] ?? token.text) : unquote(token).toLowerCase();
    })
    .join(' ');

/** The definitions between the parentheses of a CREATE TABLE, in order; columns come before table constraints. */
export function tableItems(createTable: string): readonly { readonly text: string; readonly tokens: readonly SqlToken[] }[] {
  const tokens = splitSql(createTable)[0]?.tokens ?? [];
  const items: { text: string; tokens: SqlToken[] }[] = [];
  let depth = 0;
  let item: SqlToken[] = [];
  const finish = (): void => {
    const last = item.at(-1);
    if (item[0] && last) items.push({ text: createTable.slice(item[0].start, last.end), tokens: item });
    item = [];
  };
  for (const token of tokens) {
    if (token.text === ')' && --depth === 0) break;
    if (depth === 1 && token.text === ',') finish();
    else if (depth > 0) item.push(token);
    if (token.text === '(') depth++;
  }
  finish();
  return items;
}
