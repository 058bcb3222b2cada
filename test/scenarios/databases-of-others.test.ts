import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { makeLiveRepository, type LiveRepository } from '../support/live-repository.ts';

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('skipped: directories and databases of others need root');

const database = '- { kind: sqlite, path: "{{ base }}/theirs/log/d.db", schema: "CREATE TABLE t (x)" }';

function makeDatabase({ base }: LiveRepository, directory: string, owner: number): string {
  mkdirSync(join(base, directory), { recursive: true });
  const file = join(base, directory, 'd.db');
  using opened = new DatabaseSync(file);
  opened.exec('CREATE TABLE other (y)');
  chownSync(file, owner, owner);
  return file;
}

describe.skipIf(!isRoot)('a database in the directory of another account', () => {
  it.each([0, 1234])('that leads to one of user %d through a link is left alone', (owner) => {
    using live = makeLiveRepository(database);
    const elsewhere = makeDatabase(live, 'elsewhere', owner);
    mkdirSync(join(live.base, 'theirs'));
    chownSync(join(live.base, 'theirs'), nobody, nobody);
    symlinkSync('../elsewhere', join(live.base, 'theirs/log'));
    const before = readFileSync(elsewhere);

    const report = live.report();

    expect(JSON.stringify(report.problems)).toContain('others than its owner can put another file in its place');
    expect(report).toMatchObject({ exit: 7, writes: 0 });
    expect(readFileSync(elsewhere).equals(before)).toBe(true);
  });

  it('that is theirs too is given its table with their rights alone', () => {
    using live = makeLiveRepository(database);
    chmodSync(dirname(live.path), 0o755);
    const file = makeDatabase(live, 'theirs/log', nobody);
    for (const each of ['theirs', 'theirs/log']) chownSync(join(live.base, each), nobody, nobody);
    const tables = (): unknown[] => {
      using opened = new DatabaseSync(file, { readOnly: true });
      return opened.prepare('SELECT name FROM sqlite_schema ORDER BY name').all();
    };

    expect(live.report()).toMatchObject({ exit: 0, problems: [] });
    expect(tables()).toEqual([{ name: 'other' }, { name: 't' }]);

    // The owner cannot make a journal there: so nobody does.
    chownSync(join(live.base, 'theirs/log'), 0, 0);
    live.resources(database.replace('(x)', '(x, z)'));
    expect(live.report().exit).toBe(6);
    expect(tables()).toEqual([{ name: 'other' }, { name: 't' }]);
  });

  it.each(['', '-wal', '-shm', '-journal'])('with a fifo as d.db%s is refused at once', (suffix) => {
    using live = makeLiveRepository(database);
    const file = makeDatabase(live, 'theirs/log', 0);
    if (suffix !== '') writeFileSync(file, '', { flag: 'a' });
    else spawnSync('rm', [file]);
    spawnSync('mkfifo', [file + suffix]);

    const report = live.report();

    expect(JSON.stringify(report.problems)).toContain(
      suffix === '' ? 'not a database' : `d.db${suffix} beside it is no regular file`,
    );
    expect(report).toMatchObject({ exit: 7, writes: 0 });
  });
});
