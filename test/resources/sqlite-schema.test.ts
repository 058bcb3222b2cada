import { describe, expect, it } from 'vitest';
import { planMigration, type ActualSchema } from '../../src/resources/sqlite-migration.ts';
import { compileSchema } from '../../src/resources/sqlite-schema.ts';
import { canonicalSql, splitSql, tableItems } from '../../src/resources/sqlite-statements.ts';
import { processorTime } from '../support/processor-time.ts';

const problemsOf = (sql: string): string[] => {
  const problems: string[] = [];
  compileSchema(sql, (message) => void problems.push(message));
  return problems;
};
const compiled = (sql: string) => compileSchema(sql, (message) => expect.unreachable(message))!;
const actual = (sql: string, { hasRows = false } = {}): ActualSchema => {
  const schema = compiled(sql);
  return {
    ...schema,
    tables: schema.tables.map((table) => ({ ...table, hasRows })),
    taken: [...schema.tables, ...schema.indexes].map(({ name }) => name.toLowerCase()),
  };
};

describe('splitting SQL', () => {
  it('ends statements only at real semicolons', () => {
    const sql = `-- a; b\nCREATE TABLE "a;b" (x DEFAULT ';''', y) ; /* ; */ CREATE TABLE [c;d](z);;`;

    expect(splitSql(sql).map(({ text, line }) => [line, text])).toEqual([
      [2, `CREATE TABLE "a;b" (x DEFAULT ';''', y)`],
      [2, 'CREATE TABLE [c;d](z)'],
    ]);
  });

  it('takes statements for equal that differ in case, space, comments and quotes', () => {
    expect(canonicalSql('CREATE INDEX "I" ON t (A , b) -- x')).toBe(canonicalSql('create index i on [T](a,\n`B`)'));
    expect(canonicalSql("SELECT 'A'")).not.toBe(canonicalSql("SELECT 'a'"));
  });

  it('finds the definitions of columns', () => {
    const sql = `CREATE TABLE t (a DECIMAL(10,2) CHECK (a > (1)), "b,c" TEXT DEFAULT 'x,y', PRIMARY KEY (a, "b,c")) STRICT`;

    expect(tableItems(sql).map(({ text }) => text)).toEqual([
      'a DECIMAL(10,2) CHECK (a > (1))',
      `"b,c" TEXT DEFAULT 'x,y'`,
      'PRIMARY KEY (a, "b,c")',
    ]);
  });

  it('is quick on hostile text', () => {
    const started = processorTime();
    for (const text of ['[', '"', "'", '/*', '--', '`['].map((piece) => piece.repeat(65_000 / piece.length))) splitSql(text);

    expect(processorTime() - started).toBeLessThan(2_000);
  });
});

describe('a schema', () => {
  it('is read by SQLite itself', () => {
    const schema = compiled(`PRAGMA journal_mode = WAL; PRAGMA user_version=3;
      CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, agent varchar( 20 ) NOT NULL DEFAULT 'x', t AS (id + 1));
      CREATE INDEX runs_agent ON runs (agent);`);

    expect(schema).toMatchObject({ journalMode: 'wal', userVersion: 3, indexes: [{ name: 'runs_agent' }] });
    expect(schema.tables[0]?.columns).toEqual([
      { name: 'id', type: 'INTEGER', notNull: false, default: null, key: 1, generated: 'no' },
      { name: 'agent', type: 'VARCHAR( 20 )', notNull: true, default: "'x'", key: 0, generated: 'no' },
      { name: 't', type: '', notNull: false, default: null, key: 0, generated: 'virtual' },
    ]);
  });

  it.each([
    ['DROP TABLE x', 'line 1 of the schema: "DROP TABLE" is not allowed; only CREATE TABLE'],
    ['CREATE TABLE a (x);\n\nDELETE FROM a', 'line 3 of the schema: "DELETE FROM" is not allowed'],
    ["ATTACH '/etc/passwd' AS p", '"ATTACH'],
    ['CREATE TRIGGER x AFTER INSERT ON a BEGIN SELECT 1; END', '"CREATE TRIGGER" is not allowed'],
    ['CREATE VIRTUAL TABLE x USING fts5(a)', '"CREATE VIRTUAL" is not allowed'],
    ['CREATE TEMP TABLE x (a)', '"CREATE TEMP" is not allowed'],
    ['CREATE TABLE x AS SELECT 1', 'CREATE TABLE ... AS is not allowed'],
    ['CREATE TABLE IF NOT EXISTS x AS SELECT 1', 'CREATE TABLE ... AS is not allowed'],
    ['CREATE TABLE temp.x (a)', 'names cannot have a schema in front'],
    ['CREATE TABLE sqlite_x (a)', 'belong to SQLite'],
    ['PRAGMA foreign_keys = ON', '"PRAGMA FOREIGN_KEYS" is not allowed'],
    ['PRAGMA journal_mode = memory', 'PRAGMA journal_mode takes wal or delete'],
    ['PRAGMA user_version = -1', 'not allowed'],
    ['CREATE TABEL x (a)', '"CREATE TABEL" is not allowed'],
    ['CREATE TABLE x (a', 'incomplete input'],
    ['CREATE TABLE x (a, a)', 'duplicate column name: a'],
    ['CREATE TABLE x (a); CREATE TABLE x (b)', 'already exists'],
    ['CREATE INDEX i ON nowhere (a)', 'no such table: main.nowhere'],
    ['', 'the schema has no CREATE TABLE'],
    ['-- '.repeat(30_000), 'longer than 65536 characters'],
  ])('refuses %j', (sql, message) => {
    expect(problemsOf(sql).join('\n')).toContain(message);
  });

  it('reports every fault at once', () => {
    expect(problemsOf('DROP TABLE x; CREATE TABLE y (a); DELETE FROM y')).toHaveLength(2);
  });
});

describe('planMigration', () => {
  const base = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);';
  const plan = (desired: string, present: string, options?: { hasRows: boolean }) =>
    planMigration(compiled(desired), actual(present, options));

  it('has nothing to do for equal schemas, whatever their spelling', () => {
    const spelled = 'create table "T" ( ID integer primary key , A text ) ; CREATE INDEX i ON t(a)';

    expect(plan(`${base} CREATE INDEX I ON "t" ( A );`, spelled)).toEqual({
      changes: [],
      statements: [],
      additions: [],
      conflicts: [],
    });
  });

  it('adds tables, columns with their constraints, and indexes; and leaves what nobody asked for', () => {
    const { statements, conflicts } = plan(
      `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT 'x' CHECK (b <> ''));
       CREATE TABLE u (x); CREATE INDEX t_b ON t (b);`,
      `${base} CREATE TABLE other (y); CREATE INDEX other_y ON other (y);`,
      { hasRows: true },
    );

    expect(conflicts).toEqual([]);
    expect(statements).toEqual([
      `ALTER TABLE "t" ADD COLUMN b TEXT NOT NULL DEFAULT 'x' CHECK (b <> '')`,
      'CREATE TABLE u (x)',
      'CREATE INDEX t_b ON t (b)',
    ]);
  });

  it.each([
    ['another type', 'CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)', 'column t.a is TEXT, not INTEGER'],
    ['another NOT NULL', 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)', 'column t.a is TEXT, not TEXT NOT NULL'],
    ['another key', 'CREATE TABLE t (id INTEGER, a TEXT PRIMARY KEY)', 'column t.id is INTEGER PRIMARY KEY 1, not INTEGER'],
    ['a new key', 'CREATE TABLE t (a TEXT, k INTEGER PRIMARY KEY)', 'column t.k cannot be added: a primary key'],
    ['a new UNIQUE', 'CREATE TABLE t (a TEXT, b UNIQUE)', 'column t.b cannot be added: a UNIQUE column'],
    ['a new STORED', 'CREATE TABLE t (a TEXT, b AS (a) STORED)', 'column t.b cannot be added: a STORED column'],
    ['NOT NULL for rows', 'CREATE TABLE t (a TEXT, b TEXT NOT NULL)', 'NOT NULL needs a DEFAULT'],
    ['a clock for rows', 'CREATE TABLE t (a TEXT, b TEXT DEFAULT CURRENT_TIMESTAMP)', 'DEFAULT must be a constant'],
    ['another index', `${base} CREATE UNIQUE INDEX i ON t (a)`, 'index i is there with another definition'],
  ])('reports %s as a conflict instead of rewriting rows', (_what, desired, message) => {
    const { conflicts, statements } = plan(desired, `${base} CREATE INDEX i ON t (id);`, { hasRows: true });

    expect(conflicts.join('\n')).toContain(message);
    expect(statements).toEqual([]);
  });

  it('raises the version, and never sets a newer one back', () => {
    expect(plan(`PRAGMA user_version = 2; ${base}`, base).statements).toEqual(['PRAGMA user_version = 2']);
    expect(plan(`PRAGMA user_version = 2; ${base}`, `PRAGMA user_version = 3; ${base}`).changes).toEqual([]);
  });
});
