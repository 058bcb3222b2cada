import type { Change } from '../model/plan.ts';
import { tableItems, type SqlToken } from './sqlite-statements.ts';
import { tableConstraints } from './sqlite-constraints.ts';
import { quoteName, sameSql, type ColumnSchema, type DatabaseSchema, type TableSchema } from './sqlite-schema.ts';

/** What stands in an existing database, as far as a schema asks for it. */
export type ActualSchema = DatabaseSchema & {
  /** Lower-case names of everything in the database. */
  readonly taken: readonly string[];
};

export type Addition =
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'column'; readonly table: string; readonly name: string }
  | { readonly kind: 'index'; readonly name: string };

interface Migration {
  readonly changes: readonly Change[];
  /** To be run in this order, in one transaction. */
  readonly statements: readonly string[];
  readonly additions: readonly Addition[];
  /** What differs and cannot be changed by adding, each a sentence. */
  readonly conflicts: readonly string[];
}

/** How to get from one schema to the other by adding only. Tables, columns and indexes that nobody asked for stay. */
export function planMigration(desired: DatabaseSchema, actual: ActualSchema): Migration {
  const changes: Change[] = [];
  const statements: string[] = [];
  const additions: Addition[] = [];
  const conflicts: string[] = [];
  const conflict = (field: string, from: string, to: string, sentence: string): void => {
    changes.push({ field, from, to });
    conflicts.push(sentence);
  };

  for (const table of desired.tables) {
    const present = find(actual.tables, table.name);
    if (present) {
      for (const [index, column] of table.columns.entries())
        planColumn({ table, index, column, present }, { changes, statements, additions, conflict });
      planConstraints(table, present, conflict);
    } else if (actual.taken.includes(table.name.toLowerCase())) {
      conflict(`table ${table.name}`, 'another object', 'table', `"${table.name}" is there, but it is no table`);
    } else {
      changes.push({ field: `table ${table.name}`, from: null, to: table.columns.map(({ name }) => name).join(', ') });
      statements.push(table.sql);
      additions.push({ kind: 'table', name: table.name });
    }
  }
  for (const { name, sql } of desired.indexes) {
    const present = find(actual.indexes, name);
    if (present && sameSql(present.sql, sql)) continue;
    if (present || actual.taken.includes(name.toLowerCase())) {
      conflict(
        `index ${name}`,
        present?.sql ?? 'another object',
        sql,
        `index ${name} is there with another definition; give this one a new name`,
      );
      continue;
    }
    changes.push({ field: `index ${name}`, from: null, to: sql });
    statements.push(sql);
    additions.push({ kind: 'index', name });
  }
  // A program that has migrated its database further is right; its version is not set back.
  if (desired.userVersion !== null && (actual.userVersion ?? 0) < desired.userVersion) {
    changes.push({ field: 'user_version', from: actual.userVersion, to: desired.userVersion });
    statements.push(`PRAGMA user_version = ${desired.userVersion}`);
  }
  if (desired.journalMode !== null && actual.journalMode !== desired.journalMode)
    changes.push({ field: 'journal_mode', from: actual.journalMode, to: desired.journalMode });
  return { changes, statements, additions, conflicts };
}

interface ColumnPlan {
  readonly changes: Change[];
  readonly statements: string[];
  readonly additions: Addition[];
  conflict(field: string, from: string, to: string, sentence: string): void;
}

function planColumn(
  wanted: { readonly table: TableSchema; readonly index: number; readonly column: ColumnSchema; readonly present: TableSchema },
  plan: ColumnPlan,
): void {
  const { table, index, column, present } = wanted;
  const field = `column ${table.name}.${column.name}`;
  const found = find(present.columns, column.name);
  if (found) {
    const from = describe(found);
    const to = describe(column);
    if (from !== to) plan.conflict(field, from, to, `${field} is ${from}, not ${to}; rows would have to be rewritten`);
    return;
  }
  const item = tableItems(table.sql)[index];
  const fault = item ? cannotAdd(column, item.tokens, present.hasRows) : 'its definition cannot be read';
  if (!item || fault !== undefined) {
    plan.conflict(field, 'absent', describe(column), `${field} cannot be added: ${fault}`);
    return;
  }
  plan.changes.push({ field, from: null, to: item.text });
  plan.statements.push(`ALTER TABLE ${quoteName(present.name)} ADD COLUMN ${item.text}`);
  plan.additions.push({ kind: 'column', table: present.name, name: column.name });
}

/** A column that is added brings its own constraints; one that nobody asked for keeps every constraint that names it. */
function planConstraints(table: TableSchema, present: TableSchema, conflict: ColumnPlan['conflict']): void {
  const wanted = tableConstraints(table).filter(({ column }) => column === undefined || find(present.columns, column));
  const found = tableConstraints(present);
  const lacking = without(wanted, found);
  const unasked = new Set(present.columns.filter(({ name }) => !find(table.columns, name)).map(({ name }) => name.toLowerCase()));
  const others = without(found, wanted).filter(({ names }) => !names.some((name) => unasked.has(name)));
  if (lacking.length === 0 && others.length === 0) return;
  const from = others.map(({ text }) => text).join(', ');
  const to = lacking.map(({ text }) => text).join(', ');
  const differs = [...(to ? [`lacks ${to}`] : []), ...(from ? [`has ${from}, which the schema does not have`] : [])].join(
    ' and ',
  );
  const advice = lacking.some(({ meaning }) => meaning.startsWith('unique')) ? ', but a unique index can be added' : '';
  conflict(
    `constraints of ${table.name}`,
    from || 'none',
    to || 'none',
    `table ${table.name} ${differs}; constraints cannot be changed later${advice}`,
  );
}

function without<T extends { readonly meaning: string }>(constraints: readonly T[], others: readonly T[]): readonly T[] {
  const meanings = new Set(others.map(({ meaning }) => meaning));
  return constraints.filter(({ meaning }) => !meanings.has(meaning));
}

/** SQLite's limits of ADD COLUMN. */
function cannotAdd(column: ColumnSchema, tokens: readonly SqlToken[], hasRows: boolean): string | undefined {
  const words = tokens.filter(({ kind }) => kind === 'word').map(({ text }) => text.toUpperCase());
  if (column.key > 0) return 'a primary key cannot be added later';
  if (words.includes('UNIQUE')) return 'a UNIQUE column cannot be added later; add a unique index instead';
  if (column.generated === 'stored') return 'a STORED column cannot be added later; VIRTUAL can';
  if (!hasRows) return undefined;
  if (column.notNull && column.generated === 'no' && (column.default === null || /^null$/i.test(column.default)))
    return 'the table has rows, so NOT NULL needs a DEFAULT';
  if (column.default !== null && !/^([-+]?[\d.]+(e[-+]?\d+)?|0x[\da-f]+|x?'[^]*'|"[^]*"|null|true|false)$/i.test(column.default))
    return 'the table has rows, so DEFAULT must be a constant';
  return undefined;
}

const describe = ({ type, notNull, default: value, key, generated }: ColumnSchema): string =>
  [
    type || 'untyped',
    ...(notNull ? ['NOT NULL'] : []),
    ...(value === null ? [] : [`DEFAULT ${value}`]),
    ...(key > 0 ? [`PRIMARY KEY ${key}`] : []),
    ...(generated === 'no' ? [] : [`GENERATED ${generated.toUpperCase()}`]),
  ].join(' ');

const find = <T extends { readonly name: string }>(list: readonly T[], name: string): T | undefined =>
  list.find((entry) => entry.name.toLowerCase() === name.toLowerCase());
