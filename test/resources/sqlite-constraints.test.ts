import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { planMigration, type ActualSchema } from '../../src/resources/sqlite-migration.ts';
import { compileSchema, readSchema } from '../../src/resources/sqlite-schema.ts';

/** The plan for a database on which these statements have been run. */
function plan(schema: string, ...statements: string[]): ReturnType<typeof planMigration> {
  const desired = compileSchema(schema, (message) => expect.unreachable(message))!;
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });
  for (const statement of statements) database.exec(statement);
  const found = readSchema(database);
  database.close();
  const actual: ActualSchema = { ...found, taken: [...found.taken], journalMode: null, userVersion: 0 };
  return planMigration({ ...desired, journalMode: null }, actual);
}
const plain = 'CREATE TABLE t (a TEXT, b TEXT, g AS (a))';
const withPart = (part: string): string => plain.replace('a TEXT', `a TEXT ${part}`);
const withTable = (part: string): string => plain.replace(/\)$/, `, ${part})`);

describe('a constraint that a table lacks, or has beyond its schema,', () => {
  it.each([
    ['UNIQUE', withPart('UNIQUE'), plain, 'a UNIQUE'],
    ['UNIQUE of the table', withTable('UNIQUE (a, b)'), plain, 'UNIQUE (a, b)'],
    ['UNIQUE of other columns', withTable('UNIQUE (a, b)'), withTable('UNIQUE (a)'), 'UNIQUE (a, b)'],
    ['UNIQUE that compares otherwise', withTable('UNIQUE (a COLLATE NOCASE)'), withPart('UNIQUE'), 'UNIQUE (a COLLATE NOCASE)'],
    ['UNIQUE that replaces', withPart('UNIQUE ON CONFLICT REPLACE'), withPart('UNIQUE'), 'a UNIQUE ON CONFLICT REPLACE'],
    ['NOT NULL that is ignored', withPart('NOT NULL ON CONFLICT IGNORE'), withPart('NOT NULL'), 'a NOT NULL ON CONFLICT IGNORE'],
    ['CHECK', withPart('CHECK (length(a) > 2)'), plain, 'a CHECK (length(a) > 2)'],
    ['CHECK of the table', withTable('CHECK (a <> b)'), plain, 'CHECK (a <> b)'],
    ['CHECK of another text', withPart("CHECK (a <> 'X')"), withPart("CHECK (a <> 'x')"), "a CHECK (a <> 'X')"],
    ['CHECK of a string', withPart("CHECK (a <> 'null')"), withPart('CHECK (a <> null)'), "a CHECK (a <> 'null')"],
    ['CHECK without a comma before it', withTable('UNIQUE (a) CHECK (a <> b)'), withTable('UNIQUE (a)'), 'CHECK (a <> b)'],
    ['REFERENCES', withPart('REFERENCES p(id)'), plain, 'a REFERENCES p(id)'],
    ['FOREIGN KEY', withTable('FOREIGN KEY (a) REFERENCES p (id)'), plain, 'FOREIGN KEY (a) REFERENCES p (id)'],
    ['ON DELETE', withPart('REFERENCES p ON DELETE SET NULL'), withPart('REFERENCES p'), 'a REFERENCES p ON DELETE SET NULL'],
    [
      'DEFERRABLE',
      withPart('REFERENCES p DEFERRABLE INITIALLY DEFERRED'),
      withPart('REFERENCES p'),
      'a REFERENCES p DEFERRABLE INITIALLY DEFERRED',
    ],
    ['COLLATE', withPart('COLLATE NOCASE'), plain, 'a COLLATE NOCASE'],
    ['STRICT', 'CREATE TABLE t (a TEXT) STRICT', 'CREATE TABLE t (a TEXT)', 'STRICT'],
    [
      'WITHOUT ROWID',
      'CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID',
      'CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY)',
      'WITHOUT ROWID',
    ],
    [
      'AUTOINCREMENT',
      'CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)',
      'CREATE TABLE t (a INTEGER PRIMARY KEY)',
      'a PRIMARY KEY AUTOINCREMENT',
    ],
    [
      'DESC, without which the key is the rowid',
      'CREATE TABLE t (a INTEGER PRIMARY KEY DESC)',
      'CREATE TABLE t (a INTEGER, PRIMARY KEY (a DESC))',
      'a PRIMARY KEY DESC',
    ],
    ['an expression', plain.replace('AS (a)', "AS (a || 'x')"), plain.replace('AS (a)', "AS (a || 'y')"), "g AS (a || 'x')"],
  ])('is a conflict: %s', (_what, wanted, present, text) => {
    const lacking = plan(wanted, present);
    const beyond = plan(present, wanted);

    expect(lacking.statements).toEqual([]);
    expect(lacking.changes).toMatchObject([{ field: 'constraints of t', to: text }]);
    expect(lacking.conflicts.join()).toContain(`table t lacks ${text}`);
    expect(beyond.changes).toMatchObject([{ field: 'constraints of t', from: text }]);
    expect(beyond.conflicts.join()).toContain(`has ${text}, which the schema does not have; constraints cannot be changed`);
  });

  it('is not lost beside a column that is added', () => {
    const { conflicts } = plan('CREATE TABLE t (a CHECK (a < b), b CHECK (b > 0), UNIQUE (a, b))', 'CREATE TABLE t (a)');

    expect(conflicts).toEqual([
      'table t lacks a CHECK (a < b), UNIQUE (a, b); constraints cannot be changed later, but a unique index can be added',
    ]);
  });

  it('is a conflict where a column that nobody asked for is part of the primary key', () => {
    const { conflicts } = plan('CREATE TABLE t (a PRIMARY KEY)', 'CREATE TABLE t (a, x, PRIMARY KEY (a, x))');

    expect(conflicts).toEqual(['table t lacks a PRIMARY KEY; constraints cannot be changed later']);
  });
});

describe('constraints that do the same', () => {
  it.each([
    [
      'spelled otherwise',
      withPart("UNIQUE CHECK (A<>'X')"),
      `create table "T"([a]text/**/unique -- x\ncheck("a" <> 'X'),\`b\` text,g as(A))`,
    ],
    ['with other signs', withPart("CHECK (a <> '!=' AND b = 1)"), withPart("CHECK (a != '!=' AND b == 1)")],
    ['with names in single quotes', withTable('UNIQUE (a, b)'), withTable("UNIQUE ('a', 'B')")],
    ['in another order', withPart('UNIQUE NOT NULL COLLATE NOCASE'), withPart('COLLATE nocase NOT NULL UNIQUE')],
    ['with a name', withPart('CONSTRAINT "unique" CHECK (a)'), withPart('CHECK (a)')],
    ['of the table', withPart('UNIQUE CHECK (a)'), withTable('CHECK (a), UNIQUE (a ASC)')],
    ['with GENERATED ALWAYS', plain, plain.replace('AS', 'GENERATED ALWAYS AS').replace(/\)$/, ' VIRTUAL)')],
    [
      'with COLLATE and GENERATED ALWAYS',
      'CREATE TABLE t (b, a COLLATE RTRIM AS (1))',
      'CREATE TABLE t (b, a COLLATE RTRIM GENERATED ALWAYS AS (1))',
    ],
    ['COLLATE BINARY', withPart('COLLATE BINARY'), plain],
    ['ON CONFLICT ABORT', withPart('NOT NULL ON CONFLICT ABORT UNIQUE ON CONFLICT ABORT'), withPart('NOT NULL UNIQUE')],
    ['DEFAULT NULL', withPart('DEFAULT NULL UNIQUE'), withPart('UNIQUE DEFAULT NULL')],
    [
      'REFERENCES',
      withPart('REFERENCES p(id) ON DELETE SET DEFAULT ON UPDATE CASCADE'),
      withTable('FOREIGN KEY ("a") REFERENCES "p" ("id") ON UPDATE CASCADE ON DELETE SET DEFAULT NOT DEFERRABLE'),
    ],
    [
      'NO ACTION',
      withPart('REFERENCES p ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE'),
      withPart('REFERENCES p NOT DEFERRABLE'),
    ],
    [
      'AUTOINCREMENT',
      'CREATE TABLE t (id INTEGER PRIMARY KEY ASC ON CONFLICT FAIL AUTOINCREMENT)',
      'CREATE TABLE t ("id" INTEGER, PRIMARY KEY("id" AUTOINCREMENT) ON CONFLICT FAIL)',
    ],
    [
      'options',
      'CREATE TABLE t (a TEXT PRIMARY KEY) STRICT, WITHOUT ROWID',
      'CREATE TABLE IF NOT EXISTS t (a TEXT PRIMARY KEY) without rowid, strict',
    ],
  ])('are equal: %s', (_what, one, other) => {
    expect(plan(one, other).changes).toEqual([]);
    expect(plan(other, one).changes).toEqual([]);
  });

  it('are equal after their column was added, also before constraints of the table', () => {
    const present = 'CREATE TABLE t (a TEXT, -- the first\n UNIQUE (a))';
    const wanted = `CREATE TABLE t (a TEXT UNIQUE,
      b TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE CHECK (b <> a) REFERENCES p (id), -- the second
      c GENERATED ALWAYS AS (a || b) VIRTUAL)`;
    const { statements, conflicts } = plan(wanted, present);

    expect(conflicts).toEqual([]);
    expect(statements).toHaveLength(2);
    expect(plan(wanted, present, ...statements).changes).toEqual([]);
  });

  it('are equal where a program has written a string in double quotes', () => {
    const wanted = withPart("CHECK (a IN ('new', 'it''s', b))");

    expect(plan(wanted, withPart('CHECK (a IN ("new", "it\'s", "b"))')).changes).toEqual([]);
    expect(plan(wanted, withPart('CHECK (a IN ("New", "it\'s", "b"))')).conflicts).toHaveLength(1);
  });

  it('are equal after a program has renamed its columns', () => {
    const renamed = 'ALTER TABLE t RENAME COLUMN a TO z';

    expect(
      plan('CREATE TABLE t (z UNIQUE CHECK (z > 0), y AS (z))', 'CREATE TABLE t (a UNIQUE CHECK (a > 0), y AS (a))', renamed)
        .changes,
    ).toEqual([]);
  });

  it('stay where they are part of a column that nobody asked for, or name it', () => {
    const present =
      'CREATE TABLE t (a CHECK (length(a) > 1), length UNIQUE REFERENCES p, CHECK (a > length), UNIQUE (a, length))';

    expect(plan('CREATE TABLE t (a CHECK (length(a) > 1))', present).changes).toEqual([]);
  });

  it('leave a database of the role request_log as it is, in its first shape and in the one that was added to', () => {
    const sql = readFileSync(new URL('../../roles/request_log/files/request_log.sql', import.meta.url), 'utf8');
    const older = sql.replace(/,\s+status TEXT[^\n]+\n\s+error_message TEXT/, '');
    const { statements } = plan(sql, older);

    expect(plan(sql, sql).changes).toEqual([]);
    expect(statements).toHaveLength(2);
    expect(plan(sql, older, ...statements).changes).toEqual([]);
  });
});
