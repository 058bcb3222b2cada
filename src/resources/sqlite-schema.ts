import { DatabaseSync } from 'node:sqlite';
import { canonicalSql, splitSql, unquote, type SqlStatement } from './sqlite-statements.ts';

export type ColumnSchema = {
  readonly name: string;
  /** Upper case, single spaces; empty when none is declared. */
  readonly type: string;
  readonly notNull: boolean;
  readonly default: string | null;
  /** 1 for the first column of the primary key, 0 for none. */
  readonly key: number;
  readonly generated: 'no' | 'virtual' | 'stored';
};

export type TableSchema = {
  readonly name: string;
  readonly sql: string;
  readonly columns: readonly ColumnSchema[];
  readonly hasRows: boolean;
};

type IndexSchema = { readonly name: string; readonly sql: string };

export type DatabaseSchema = {
  readonly tables: readonly TableSchema[];
  readonly indexes: readonly IndexSchema[];
  /** Null: the schema does not say. */
  readonly journalMode: 'wal' | 'delete' | null;
  readonly userVersion: number | null;
};

const longest = 65_536;
const allowed = 'only CREATE TABLE, CREATE INDEX, PRAGMA journal_mode and PRAGMA user_version are';

/**
 * Understands a schema by giving it to SQLite in memory. Reports what is not allowed or not SQL, with the line inside the
 * text, and is undefined then.
 */
export function compileSchema(sql: string, report: (message: string) => void): DatabaseSchema | undefined {
  if (sql.length > longest) {
    report(`the schema is longer than ${longest} characters`);
    return undefined;
  }
  const statements = splitSql(sql);
  let isGood = true;
  let journalMode: DatabaseSchema['journalMode'] = null;
  let userVersion: number | null = null;
  const fault = (statement: SqlStatement, message: string): void => {
    isGood = false;
    report(`line ${statement.line} of the schema: ${message}`);
  };
  const database = new DatabaseSync(':memory:', { allowExtension: false });
  try {
    for (const statement of statements) {
      const pragma = readPragma(statement);
      const refused = pragma ? undefined : refusal(statement);
      if (refused !== undefined) fault(statement, refused);
      else if (pragma?.name === 'journal_mode' && (pragma.value === 'wal' || pragma.value === 'delete'))
        journalMode = pragma.value;
      else if (pragma?.name === 'user_version' && /^\d{1,9}$/.test(pragma.value)) userVersion = Number(pragma.value);
      else if (pragma)
        fault(statement, `PRAGMA ${pragma.name} takes ${pragma.name === 'user_version' ? 'a number' : 'wal or delete'}`);
      else
        try {
          database.exec(statement.text);
        } catch (error) {
          fault(statement, (error as Error).message);
        }
    }
    const { tables, indexes } = readSchema(database);
    if (isGood && tables.length === 0) {
      report('the schema has no CREATE TABLE');
      return undefined;
    }
    return isGood ? { tables, indexes, journalMode, userVersion } : undefined;
  } finally {
    database.close();
  }
}

function readPragma({ tokens }: SqlStatement): { readonly name: string; readonly value: string } | undefined {
  const [pragma, name, equals, value, ...rest] = tokens.map((token) => token.text.toLowerCase());
  if (pragma !== 'pragma' || equals !== '=' || rest.length > 0) return undefined;
  return name === 'journal_mode' || name === 'user_version' ? { name, value: value ?? '' } : undefined;
}

function refusal({ tokens }: SqlStatement): string | undefined {
  const words = tokens.map((token) => token.text.toUpperCase());
  const start = words[0] === 'CREATE' && words[1] === 'UNIQUE' && words[2] === 'INDEX' ? 3 : 2;
  const what = words[start - 1];
  if (words[0] !== 'CREATE' || (what !== 'TABLE' && what !== 'INDEX'))
    return `"${words.slice(0, 2).join(' ').slice(0, 60)}" is not allowed; ${allowed}`;
  const named = words[start] === 'IF' ? start + 3 : start;
  const name = tokens[named];
  if (name && /^sqlite_/i.test(unquote(name))) return `names that begin with "sqlite_" belong to SQLite`;
  if (words[named + 1] === '.') return 'names cannot have a schema in front';
  if (what === 'TABLE' && words[named + 1] === 'AS') return `CREATE TABLE ... AS is not allowed; ${allowed}`;
  return undefined;
}

/** Tables and indexes of an open database. With names, only these tables; their indexes and everything else are read by name. */
export function readSchema(
  database: DatabaseSync,
  names?: ReadonlySet<string>,
): Pick<DatabaseSchema, 'tables' | 'indexes'> & { readonly taken: ReadonlySet<string> } {
  const rows = database
    .prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid")
    .all() as { readonly type: string; readonly name: string; readonly sql: string }[];
  const tables = rows
    .filter(({ type, name }) => type === 'table' && (!names || names.has(name.toLowerCase())))
    .map(({ name, sql }) => ({ name, sql, columns: readColumns(database, name), hasRows: hasRows(database, name) }));
  const indexes = rows.filter(({ type }) => type === 'index').map(({ name, sql }) => ({ name, sql }));
  return { tables, indexes, taken: new Set(rows.map(({ name }) => name.toLowerCase())) };
}

function readColumns(database: DatabaseSync, table: string): ColumnSchema[] {
  const rows = database.prepare('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)').all(table);
  return rows.map((row) => ({
    name: String(row['name']),
    type: String(row['type']).toUpperCase().replace(/\s+/g, ' ').trim(),
    notNull: row['notnull'] === 1,
    default: row['dflt_value'] === null ? null : String(row['dflt_value']),
    key: Number(row['pk']),
    generated: row['hidden'] === 2 ? 'virtual' : row['hidden'] === 3 ? 'stored' : 'no',
  }));
}

const hasRows = (database: DatabaseSync, table: string): boolean =>
  database.prepare(`SELECT 1 FROM ${quoteName(table)} LIMIT 1`).get() !== undefined;

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const sameSql = (a: string, b: string): boolean => canonicalSql(a) === canonicalSql(b);
