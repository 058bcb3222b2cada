import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { sha256 } from '../../src/model/json.ts';
import { sqlite } from '../../src/resources/types/sqlite.ts';
import { converge, prepare, signal } from './converge-kind.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sqlite-'));
  mkdirSync(join(root, 'db'));
});
afterEach(() => rmSync(root, { recursive: true }));

const file = (suffix = ''): string => join(root, `db/log.db${suffix}`);
const names = (): string[] => readdirSync(join(root, 'db')).sort();
const snapshot = (): object =>
  names().map((name) => {
    const { mode, size, mtimeNs, ino } = statSync(join(root, 'db', name), { bigint: true });
    // Every reader leaves its mark in the index of an open WAL database.
    return [name, mode, size, mtimeNs, ino, name.endsWith('-shm') || sha256(readFileSync(join(root, 'db', name)))];
  });

const schema = `
  PRAGMA journal_mode = wal;
  CREATE TABLE request_log (id INTEGER PRIMARY KEY, agent_name TEXT NOT NULL, at TEXT NOT NULL);
  CREATE INDEX request_log_agent ON request_log (agent_name, at);`;
const database = { path: '/db/log.db', schema };

describe('inspecting', () => {
  const inspect = async (): Promise<object> => {
    const { desired } = prepare(sqlite, database);
    return sqlite.diff(
      desired,
      await sqlite.inspect(desired, { host: openLocalReader({ root }), last: undefined, signal, survey: undefined }),
    );
  };

  it.each([
    ['closed WAL database', () => undefined],
    ['open WAL database', () => new DatabaseSync(file())],
  ])('writes nothing to a %s', async (_what, open) => {
    await converge(sqlite, database, root);
    const program = open();
    program?.exec("INSERT INTO request_log (agent_name, at) VALUES ('a', 'now')");
    const before = snapshot();

    expect(await inspect()).toEqual({ action: 'none' });
    expect(snapshot()).toEqual(before);
    program?.close();
  });

  it('writes nothing to what a crash left, and reads the log', async () => {
    const program = new DatabaseSync(join(root, 'db/other.db'));
    program.exec(schema);
    for (const suffix of ['', '-wal']) copyFileSync(join(root, `db/other.db${suffix}`), file(suffix));
    program.close();
    chmodSync(file(), 0o640);
    const before = snapshot();

    expect(await inspect()).toEqual({ action: 'none' });
    expect(snapshot()).toEqual(before);
  });

  it.each([
    ['no database', () => writeFileSync(file(), 'x'.repeat(200)), 'the file is not a SQLite database'],
    ['a short file', () => writeFileSync(file(), 'SQLite'), 'the file is not a SQLite database'],
    ['a link', () => symlinkSync('/etc/passwd', file()), 'is a link, not a database'],
    ['a directory', () => mkdirSync(file()), 'is a directory, not a database'],
  ])('says that there is %s', async (_what, make, message) => {
    make();

    await expect(inspect()).rejects.toThrow(message);
  });

  it('takes an empty file for an empty database', async () => {
    writeFileSync(file(), '');

    expect((await converge(sqlite, database, root)).again.action).toBe('none');
  });
});

it('a program that was killed within a transaction keeps nobody from looking, and what it left stays', () => {
  const table = 'CREATE TABLE t (a TEXT)';
  const program = `
    const database = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(file())});
    database.exec('${table}; PRAGMA cache_size = 2; BEGIN');
    const insert = database.prepare('INSERT INTO t VALUES (?)');
    for (let row = 0; row < 5000; row++) insert.run('x'.repeat(200));
    process.kill(process.pid, 'SIGKILL');`;
  expect(spawnSync(process.execPath, ['-e', program]).signal).toBe('SIGKILL');
  const before = snapshot();
  const { desired } = prepare(sqlite, { path: '/db/log.db', schema: table });

  const context = { host: openLocalReader({ root }), last: undefined, signal, survey: undefined };

  expect(sqlite.inspect(desired, context)).toMatchObject({ schema: { tables: [{ name: 't', hasRows: false }] } });
  expect(names()).toEqual(['log.db', 'log.db-journal']);
  expect(snapshot()).toEqual(before);
});
