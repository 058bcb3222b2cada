import { quoteName, type TableSchema } from './sqlite-schema.ts';
import { canonicalTokens, splitSql, tableItems, unquote, type SqlToken } from './sqlite-statements.ts';

/** What a table demands of its rows beyond the type, NOT NULL and DEFAULT of each column; also its options, such as STRICT. */
interface Constraint {
  /** Equal for constraints that do the same, whether they are part of a column or stand by themselves. */
  readonly meaning: string;
  /** As written, with the column that it is part of in front. */
  readonly text: string;
  /** Undefined for a constraint that stands by itself. */
  readonly column: string | undefined;
  /** Lower-case words and names in it. */
  readonly names: readonly string[];
}

/**
 * Read from the stored text, because SQLite's pragmas tell neither CHECK, expressions, AUTOINCREMENT and ON CONFLICT, nor the
 * collation of a column without an index. The text is known to be valid.
 */
export function tableConstraints({ sql, columns }: TableSchema): readonly Constraint[] {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  const constraints = tableItems(sql).flatMap(({ tokens }, index) => {
    const column = columns[index]?.name;
    return clausesOf(tokens).flatMap((clause) => constraintOf(clause, column, names) ?? []);
  });
  return [...constraints, ...optionsOf(sql)];
}

const starts = new Set('CONSTRAINT PRIMARY NOT NULL UNIQUE CHECK DEFAULT COLLATE FOREIGN REFERENCES AS'.split(' '));
/** Words behind which no clause begins: NOT NULL, DEFAULT NULL, ON DELETE SET NULL. */
const binding = new Set(['NOT', 'DEFAULT', 'SET']);

/** The constraints of one definition, each with its tokens; the comma between those of a table may be missing. */
function clausesOf(tokens: readonly SqlToken[]): readonly SqlToken[][] {
  const clauses: SqlToken[][] = [];
  let depth = 0;
  let before = '';
  for (const token of tokens) {
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    const isForeignKey = word === 'REFERENCES' && clauses.at(-1)?.[0]?.text.toUpperCase() === 'FOREIGN';
    const isBound = binding.has(before);
    if (depth === 0 && starts.has(word) && !isBound && !isForeignKey) clauses.push([]);
    clauses.at(-1)?.push(token);
    if (token.text === '(') depth++;
    if (token.text === ')') depth--;
    before = isBound ? '' : word;
  }
  return clauses;
}

function constraintOf(
  clause: readonly SqlToken[],
  column: string | undefined,
  columns: ReadonlySet<string>,
): Constraint | undefined {
  const isExpression = /^(?:check|as)$/i.test(clause[0]?.text ?? '');
  const tokens = clause.map((token) => (isExpression ? inExpression(token, columns) : inNames(token)));
  const meaning = meaningOf(canonicalTokens(tokens), column?.toLowerCase());
  if (meaning === undefined) return undefined;
  const spaced = clause.map(({ text, start }, index) => (start > (clause[index - 1]?.end ?? start) ? ` ${text}` : text));
  return {
    meaning,
    text: [...(column === undefined ? [] : [column]), spaced.join('')].join(' '),
    column,
    names: [...(column === undefined ? [] : [column]), ...tokens.map(unquote)].map((name) => name.toLowerCase()),
  };
}

/** What stands in double quotes and is no column is a string in tables of programs that allow it, as Python's do. */
const inExpression = (token: SqlToken, columns: ReadonlySet<string>): SqlToken =>
  token.text.startsWith('"') && !columns.has(unquote(token).toLowerCase())
    ? { ...token, kind: 'string', text: `'${unquote(token).replaceAll("'", "''")}'` }
    : token;

/** SQLite takes a string for a name where only a name can stand. */
const inNames = (token: SqlToken): SqlToken =>
  token.kind === 'string' ? { ...token, kind: 'quoted', text: quoteName(token.text.slice(1, -1).replaceAll("''", "'")) } : token;

/** Undefined for what changes nothing (a name, COLLATE BINARY), and for NOT NULL and DEFAULT, which SQLite itself tells. */
function meaningOf(clause: string, column: string | undefined): string | undefined {
  const text = clause.replace(/ generated always$/, '').replace(/ on conflict abort\b/, '');
  switch (text.split(' ', 1)[0]) {
    case 'check':
      return text;
    case 'unique':
    case 'primary':
      return column === undefined ? withoutAsc(text) : keyOfColumn(withoutAsc(text), column);
    case 'foreign':
      return withoutDefaultActions(text);
    case 'references':
      return withoutDefaultActions(`foreign key ( ${column} ) ${text}`);
    case 'collate':
      return text === 'collate binary' ? undefined : `${column} ${text}`;
    case 'as':
      return `${column} ${text.replace(/ (?:virtual|stored)$/, '')}`;
    case 'not':
      return text.startsWith('not null on conflict') ? `${column} ${text}` : undefined;
    default:
      return undefined;
  }
}

const withoutAsc = (text: string): string => text.replace(/(?<![(,]) asc(?= [,)]| on | autoincrement|$)/g, '');

/** DESC stays in front: only as part of its column it keeps an INTEGER PRIMARY KEY from being the rowid. */
const keyOfColumn = (text: string, column: string): string =>
  text.replace(
    /^(unique|primary key(?: desc)?)( on conflict \w+)?( autoincrement)?$/,
    (_text, key: string, onConflict = '', autoincrement = '') => `${key} ( ${column}${autoincrement} )${onConflict}`,
  );

/** NOT DEFERRABLE begins a clause of its own, which is passed over: it is the default. */
function withoutDefaultActions(text: string): string {
  const [target, ...actions] = text.split(/ (?=on (?:delete|update) |deferrable)/);
  return [target, ...actions.filter((action) => !defaultAction.test(action)).sort()].join(' ');
}

const defaultAction = /^(?:on (?:delete|update) no action|deferrable(?: initially immediate)?)$/;

/** STRICT and WITHOUT ROWID. No parenthesis follows the one that ends the definitions. */
function optionsOf(sql: string): readonly Constraint[] {
  const tokens = splitSql(sql)[0]?.tokens ?? [];
  const options = canonicalTokens(tokens.slice(tokens.findLastIndex(({ text }) => text === ')') + 1)).split(' , ');
  return options
    .filter((option) => option !== '')
    .map((option) => ({ meaning: option, text: option.toUpperCase(), column: undefined, names: [] }));
}
