import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { sqlite } from '../../src/resources/types/sqlite.ts';
import { converge, prepare, signal } from './converge-kind.ts';
import { insert, schema, useDatabase, wider } from './sqlite-rig.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sqlite-'));
  mkdirSync(join(root, 'db'));
});
afterEach(() => rmSync(root, { recursive: true }));

const file = (suffix = ''): string => join(root, `db/log.db${suffix}`);
const use = <T>(act: (database: DatabaseSync) => T): T => useDatabase(file(), act);

const rows = (): unknown[] => use((opened) => opened.prepare('SELECT agent_name FROM request_log').all());

describe('undo on a live host', () => {
  const change = { path: '', schema: wider };
  beforeEach(() => {
    use((opened) => opened.exec(schema));
    chmodSync(file(), 0o640);
    change.path = file();
  });

  it('takes the additions back and keeps rows that were written meanwhile', async () => {
    const { undo } = await converge(sqlite, change);
    use(insert(5));
    await undo();

    expect((await converge(sqlite, { path: file(), schema })).diff.action).toBe('none');
    expect(rows()).toHaveLength(5);
    expect(use((opened) => opened.prepare('SELECT * FROM request_log LIMIT 1').get())).not.toHaveProperty('cost');
    expect(use((opened) => opened.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'providers'").get())).toBeUndefined();
  });

  it('does not go by the owner and mode of a link that stood there for a moment', () => {
    const reader = openLocalReader({});
    symlinkSync(file(), file('.link'));
    const host = { ...reader, stat: () => reader.stat(file('.link')) };
    const context = { host, last: undefined, signal, survey: undefined };

    expect(() => sqlite.undo!.capture(prepare(sqlite, change).desired, context)).toThrow('is a link, not a database');
  });

  it('keeps an added table or column that holds something by then', async () => {
    const { undo } = await converge(sqlite, change);
    use((opened) => {
      opened.exec("INSERT INTO providers VALUES ('local')");
      opened.exec("INSERT INTO request_log (agent_name, at, cost) VALUES ('a', 'now', 0.5)");
    });
    await undo();

    expect(use((opened) => opened.prepare('SELECT name FROM providers').all())).toEqual([{ name: 'local' }]);
    expect(use((opened) => opened.prepare('SELECT cost FROM request_log').all())).toEqual([{ cost: 0.5 }]);
  });

  it('keeps an added column of which others have made an index by then, and takes back the rest', async () => {
    const { undo } = await converge(sqlite, change);
    use((opened) => opened.exec('CREATE INDEX theirs ON request_log (cost)'));
    await undo();

    expect(use((opened) => opened.prepare("SELECT name FROM sqlite_schema WHERE name = 'theirs'").all())).toHaveLength(1);
    expect(use((opened) => opened.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'providers'").get())).toBeUndefined();
  });

  it('gives back version, journal mode and file mode', async () => {
    rmSync(file());
    use((opened) => opened.exec('CREATE TABLE x (a); PRAGMA user_version = 1'));
    chmodSync(file(), 0o600);
    const { undo } = await converge(sqlite, {
      path: file(),
      schema: 'PRAGMA journal_mode=wal; PRAGMA user_version=9; CREATE TABLE x (a)',
    });
    await undo();

    expect(use((opened) => opened.prepare('PRAGMA user_version').get())).toEqual({ user_version: 1 });
    expect(use((opened) => opened.prepare('PRAGMA journal_mode').get())).toEqual({ journal_mode: 'delete' });
    expect(statSync(file()).mode & 0o7777).toBe(0o600);
  });

  it('leaves the files to the engine under a root and where there was no database', () => {
    const paths = ['', '-wal', '-shm', '-journal'].map(file);
    const { desired } = prepare(sqlite, change);
    const live = openLocalReader({});

    expect(sqlite.touches?.(desired, [], live)).toEqual([]);
    expect(sqlite.touches?.(desired, [], openLocalReader({ root }))).toEqual(paths);
    rmSync(file());
    expect(sqlite.touches?.(desired, [], live)).toEqual(paths);
  });
});
