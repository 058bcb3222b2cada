import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { makeRepository, type Repository } from '../support/repository.ts';

const log = `- kind: sqlite
  path: /srv/log/requests.db
  schema: "PRAGMA journal_mode=wal; CREATE TABLE log (agent TEXT);"
`;
const database = ({ root }: Repository): string => join(root, 'srv/log/requests.db');
const rollback = (repository: Repository) => repository.cli('rollback', '--root', repository.root);

it('a database that a run has made goes with that run, unless rows were written since', () => {
  using repository = makeRepository(log);
  expect(repository.run().exit).toBe(0);

  expect(rollback(repository)).toMatchObject({ exit: 0 });
  expect(existsSync(join(repository.root, 'srv'))).toBe(false);

  expect(repository.cli('release', '--root', repository.root).exit).toBe(0);
  expect(repository.run().exit).toBe(0);
  // Still open, so that the rows stand in the log beside it.
  using opened = new DatabaseSync(database(repository));
  opened.exec("INSERT INTO log VALUES ('allegro')");
  const { exit, stdout } = rollback(repository);

  expect(exit).toBe(0);
  expect(stdout).toContain('what others have written since stays in /srv/log/requests.db');
  expect(opened.prepare('SELECT agent FROM log').all()).toEqual([{ agent: 'allegro' }]);
  expect(existsSync(`${database(repository)}-wal`)).toBe(true);
  expect(repository.cli('release', '--root', repository.root).exit).toBe(0);
  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { adopted: 1 } });
});
