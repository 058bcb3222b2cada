import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalHost } from '../../src/host/local-host.ts';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { sqlite } from '../../src/resources/types/sqlite.ts';
import { theLaws } from '../support/laws.ts';
import { contents, converge, convergeDesired, prepare, signal } from './converge-kind.ts';
import { insert, schema, useDatabase, wider } from './sqlite-rig.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sqlite-'));
  mkdirSync(join(root, 'db'));
});
afterEach(() => rmSync(root, { recursive: true }));

const file = (suffix = ''): string => join(root, `db/log.db${suffix}`);
const names = (): string[] => readdirSync(join(root, 'db')).sort();
const use = <T>(act: (database: DatabaseSync) => T, path = file()): T => useDatabase(path, act);

const database = { path: '/db/log.db', schema };
const rows = (): unknown[] => use((opened) => opened.prepare('SELECT agent_name FROM request_log').all());

const make = (sql: string) => (base: string) => {
  mkdirSync(join(base, 'db'), { recursive: true });
  use((opened) => opened.exec(sql), join(base, 'db/log.db'));
};
theLaws(sqlite, [
  { name: 'makes a database', attributes: database },
  { name: 'widens a database that it made', attributes: { ...database, schema: wider }, before: database },
  {
    name: 'widens a database with rows',
    attributes: { ...database, schema: wider },
    given: make(
      'CREATE TABLE request_log (id INTEGER PRIMARY KEY, agent_name TEXT NOT NULL, at TEXT NOT NULL); INSERT INTO request_log VALUES (1, 2, 3)',
    ),
  },
  {
    name: 'changes only the mode',
    attributes: { ...database, mode: '0600' },
    before: database,
  },
]);

describe('a database that is absent', () => {
  it('is created whole, with mode, journal mode and version', async () => {
    const { diff, again } = await converge(sqlite, database, root);

    expect(diff.action).toBe('create');
    expect(again.action).toBe('none');
    expect(names()).toEqual(['log.db']);
    expect(statSync(file()).mode & 0o7777).toBe(0o640);
    use((opened) => {
      expect(opened.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      expect(opened.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
      expect(opened.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 });
      insert(1)(opened);
    });
  });

  it('takes its schema from a file of the repository too', async () => {
    const { desired } = prepare(sqlite, { path: '/db/log.db', schema_file: 'log.sql' }, { 'log.sql': schema });

    expect((await convergeDesired(sqlite, desired, root)).again.action).toBe('none');
  });

  it('does not get the log of an earlier database of its name', async () => {
    use((opened) => {
      opened.exec('PRAGMA journal_mode = wal; CREATE TABLE old (x)');
      copyFileSync(file('-wal'), file('.kept'));
    });
    rmSync(file());
    copyFileSync(file('.kept'), file('-wal'));

    await converge(sqlite, database, root);

    expect(use((opened) => opened.prepare("SELECT name FROM sqlite_schema WHERE name = 'old'").all())).toEqual([]);
  });
});

describe('a database with rows', () => {
  it('gets tables, columns and indexes and keeps every row and every foreign thing', async () => {
    use((opened) => {
      opened.exec('CREATE TABLE request_log (id INTEGER PRIMARY KEY, agent_name TEXT NOT NULL, at TEXT NOT NULL)');
      opened.exec('CREATE TABLE foreign_table (x); INSERT INTO foreign_table VALUES (1)');
      opened.exec('CREATE VIEW foreign_view AS SELECT 1');
      insert(1_000)(opened);
    });

    const { diff, again } = await converge(sqlite, { ...database, schema: wider }, root);

    expect(diff.action === 'update' && diff.changes.map(({ field }) => field)).toEqual([
      'column request_log.cost',
      'table providers',
      'index request_log_agent',
      'user_version',
      'journal_mode',
      ...(diff.action === 'update' && diff.changes.some(({ field }) => field === 'mode') ? ['mode'] : []),
    ]);
    expect(again.action).toBe('none');
    expect(rows()).toHaveLength(1_000);
    expect(use((opened) => opened.prepare('SELECT sum(cost) AS cost FROM request_log').get())).toEqual({ cost: 0 });
    expect(use((opened) => opened.prepare('SELECT x FROM foreign_table').all())).toEqual([{ x: 1 }]);
  });

  it('is migrated while another program writes to it, whose rows and connection stay good', async () => {
    await converge(sqlite, database, root);
    const program = new DatabaseSync(file());
    insert(1)(program);

    const { again } = await converge(sqlite, { ...database, schema: wider }, root);
    insert(1)(program);

    expect(again.action).toBe('none');
    expect(program.prepare('SELECT count(*) AS count, sum(cost) AS cost FROM request_log').get()).toEqual({ count: 2, cost: 0 });
    program.close();
  });

  it('gets nothing at all when one statement fails', async () => {
    use((opened) => {
      opened.exec('CREATE TABLE t (a TEXT); INSERT INTO t VALUES (1), (1)');
    });
    const { desired } = prepare(sqlite, {
      path: '/db/log.db',
      schema: 'CREATE TABLE t (a TEXT, b); CREATE UNIQUE INDEX u ON t (a)',
    });

    await expect(convergeDesired(sqlite, desired, root)).rejects.toThrow('UNIQUE constraint failed');
    expect(use((opened) => opened.prepare('SELECT * FROM t').all())).toEqual([{ a: '1' }, { a: '1' }]);
  });

  it('refuses a schema that would need its rows rewritten, and leaves it alone', async () => {
    use((opened) => opened.exec('CREATE TABLE t (a TEXT); INSERT INTO t VALUES (1)'));
    const { desired } = prepare(sqlite, { path: '/db/log.db', schema: 'CREATE TABLE t (a INTEGER)', mode: '0644' });
    const state = await sqlite.inspect(desired, { host: openLocalReader({ root }), last: undefined, signal, survey: undefined });

    expect(sqlite.refuses?.(desired, state, [])).toEqual([
      {
        code: 'schema-conflict',
        message: '/db/log.db: column t.a is TEXT, not INTEGER; rows would have to be rewritten',
        hint: 'write the schema as the database is, or migrate the database by hand',
      },
    ]);
    expect(sqlite.diff(desired, state)).toMatchObject({ changes: [{ field: 'column t.a', from: 'TEXT', to: 'INTEGER' }] });
    await expect(convergeDesired(sqlite, desired, root)).rejects.toThrow('column t.a is TEXT');
  });

  it('is refused, and gets no column either, when a constraint beside the new column would be lost', async () => {
    use((opened) => opened.exec('CREATE TABLE t (a TEXT); INSERT INTO t VALUES (1), (1)'));
    const { desired } = prepare(sqlite, { path: '/db/log.db', schema: 'CREATE TABLE t (a TEXT, b TEXT, UNIQUE (a, b))' });
    const state = await sqlite.inspect(desired, { host: openLocalReader({ root }), last: undefined, signal, survey: undefined });

    expect(sqlite.refuses?.(desired, state, [])).toMatchObject([{ code: 'schema-conflict' }]);
    await expect(convergeDesired(sqlite, desired, root)).rejects.toThrow('table t lacks UNIQUE (a, b)');
    expect(use((opened) => opened.prepare('SELECT * FROM t').all())).toEqual([{ a: '1' }, { a: '1' }]);
  });

  it('gets its mode back without being opened for writing', async () => {
    await converge(sqlite, database, root);
    chmodSync(file(), 0o666);
    const before = readFileSync(file());

    const { diff } = await converge(sqlite, database, root);

    expect(diff).toEqual({ action: 'update', changes: [{ field: 'mode', from: '0666', to: '0640' }] });
    expect(readFileSync(file())).toEqual(before);
  });
});

describe('a sqlite resource', () => {
  it.each([
    ['no schema', { schema: undefined }, 'exactly one of'],
    ['two schemas', { schema_file: 'x' }, 'exactly one of'],
    ['a relative path', { path: 'log.db' }, 'path: '],
    ['SQL that is not a schema', { schema: 'DROP TABLE x' }, 'schema: line 1'],
    ['an unknown attribute', { shema: '' }, 'shema'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(sqlite, { ...database, ...attributes }).problems.join('\n')).toContain(message);
  });

  it('can be applied again after a crash half-way', async () => {
    const { desired } = prepare(sqlite, { path: '/db/log.db', schema: wider });
    await converge(sqlite, database, root);
    const host = openLocalHost({ root });
    const context = { host, last: undefined, contents, signal, survey: undefined };
    const diff = sqlite.diff(desired, await sqlite.inspect(desired, context));
    if (diff.action === 'none') return expect.unreachable();
    for (let time = 0; time < 2; time++) await sqlite.apply(desired, diff.changes, context);
    host.close();

    expect((await convergeDesired(sqlite, desired, root)).diff.action).toBe('none');
  });
});
