import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { captureLedger, restoreLedger } from '../../src/apply/ledger-undo.ts';
import type { LedgerEntry } from '../../src/state/ledger.ts';
import { openState } from '../../src/state/state.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const entry = (made: readonly string[]): LedgerEntry => ({
  address: 'user[app]',
  kind: 'user',
  digest: 'd',
  prune: 'yes',
  desired: { name: 'app' },
  sensitive: false,
  origin: 'site.yaml:1:1',
  run: 'r',
  revision: null,
  appliedAt: 't',
  made,
  notify: [],
});

function change(directory: string, sql: string): void {
  const database = new DatabaseSync(join(directory, 'state.db'));
  database.exec(sql);
  database.close();
}

function put(directory: string, written: LedgerEntry): void {
  using state = openState(directory);
  state.ledger.put(written);
}

/** What the ledger says then was made, for somebody who only looks. */
function madeIn(directory: string): readonly string[] | undefined {
  using state = openState(directory, { readOnly: true });
  return state?.ledger.all().get('user[app]')?.made;
}

it('knows what was made until the entry goes', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);

  state.ledger.put(entry(['app', 'app in adm']));
  expect(state.ledger.get('user[app]')).toEqual(entry(['app', 'app in adm']));
  expect(madeIn(directory.path)).toEqual(['app', 'app in adm']);

  state.ledger.put(entry(['app']));
  expect(madeIn(directory.path)).toEqual(['app']);
  state.ledger.remove('user[app]');
  state.ledger.put(entry([]));
  expect(madeIn(directory.path)).toEqual([]);
});

it('of an earlier version knows nothing that was made, and is the same for that version again', () => {
  using directory = temporaryDirectory();
  put(directory.path, entry([]));
  change(directory.path, 'DROP TRIGGER forget_made; DROP TABLE made; DROP TRIGGER forget_notified; DROP TABLE notified');
  expect(madeIn(directory.path)).toEqual([]);

  put(directory.path, entry(['app']));
  expect(madeIn(directory.path)).toEqual(['app']);
  change(directory.path, 'DELETE FROM ledger');
  put(directory.path, { ...entry([]), address: 'user[other]' });

  const database = new DatabaseSync(join(directory.path, 'state.db'));
  expect(database.prepare('SELECT * FROM made').all()).toEqual([]);
  database.close();
});

it('stops the run when what was made is not what was written', () => {
  using directory = temporaryDirectory();
  put(directory.path, entry(['app']));
  change(directory.path, `UPDATE made SET parts = '["root"]'`);

  expect(() => madeIn(directory.path)).toThrow('what it says was made of user[app] is not what was written');
});

it('stops the run when who is notified is not who was written', () => {
  using directory = temporaryDirectory();
  put(directory.path, { ...entry([]), notify: ['command[a]'] });
  change(directory.path, `UPDATE notified SET addresses = '["command[b]"]'`);

  expect(() => madeIn(directory.path)).toThrow('what it says is notified by user[app] is not what was written');
});

it.each([
  ['what was made', ['app'], (undo: object) => undo],
  [
    'nothing, where an earlier version kept it',
    [],
    ({ ledger }: { ledger: LedgerEntry }) => ({ ledger: { ...ledger, made: undefined } }),
  ],
])('goes back with its run, with %s', (_what, made, kept) => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  state.ledger.put(entry(['app']));
  const undo = kept(captureLedger('user[app]', state.ledger) as { ledger: never });
  state.ledger.put(entry(['app', 'app in adm']));

  restoreLedger('user[app]', JSON.parse(JSON.stringify(undo)) as never, state.ledger);

  expect(madeIn(directory.path)).toEqual(made);
});
