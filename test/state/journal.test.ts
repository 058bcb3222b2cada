import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { syncDirectory } from '../../src/state/durable-file.ts';
import { openState, type State } from '../../src/state/state.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

vi.mock('../../src/state/durable-file.ts', { spy: true });

const megabyte = 1024 ** 2;
const runs = 100;

/** A run that replaced so many megabytes, and is open still. */
function begin(state: State, run: string, megabytes: number): void {
  state.transaction(() => {
    state.journal.begin(run, 'key', run);
    state.journal.addUndo(run, { address: 'file[/a]', entry: {} });
    for (let index = 0; index < megabytes; index++) state.journal.putContent(run, `${index}`, randomBytes(megabyte));
  });
}

function apply(state: State, run: string, megabytes: number): void {
  begin(state, run, megabytes);
  state.journal.finish(run, 'applied');
}

it('undo data is kept up to a number of bytes, of the newest runs', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  for (const run of ['a', 'b', 'c', 'd']) apply(state, run, 2);

  state.journal.forget({ runs, bytes: 100 * megabyte });
  expect(state.journal.undoable()).toEqual(['d', 'c', 'b', 'a']);
  state.journal.forget({ runs, bytes: 5 * megabyte });
  expect(state.journal.undoable()).toEqual(['d', 'c']);
  expect(() => state.journal.content('b', '0')).toThrow('lacks');
  expect(state.journal.content('c', '0')).toHaveLength(megabyte);
});

it('a small run that is older than a large one goes with it: nobody could take it back', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  apply(state, 'small', 1);
  apply(state, 'large', 8);
  apply(state, 'newest', 1);

  state.journal.forget({ runs, bytes: 4 * megabyte });

  expect(state.journal.undoable()).toEqual(['newest']);
});

it('undo data of the newest run and of open ones stays, whatever its size', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  apply(state, 'old', 1);
  begin(state, 'open', 4);
  apply(state, 'newest', 4);

  state.journal.forget({ runs, bytes: 1 * megabyte });

  expect(state.journal.undoable()).toEqual(['newest']);
  expect(state.journal.content('open', '3')).toHaveLength(megabyte);
});

it('what was forgotten is given back to the filesystem, where it is much', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  const size = (): number => statSync(join(directory.path, 'state.db')).size / megabyte;
  for (const run of ['a', 'b', 'c']) apply(state, run, 3);
  expect(size()).toBeGreaterThan(9);
  state.journal.forget({ runs: 1, bytes: 100 * megabyte });

  state.shrink(20 * megabyte);
  expect(size()).toBeGreaterThan(9);
  state.shrink(5 * megabyte);
  expect(size()).toBeLessThan(4);
  expect(state.journal.content('c', '2')).toHaveLength(megabyte);
});

it('the key has its name durably before anything that is sealed with it can be', () => {
  using directory = temporaryDirectory();
  using state = openState(directory.path);
  state.transaction(() => {
    state.journal.begin('a', 'key', 'a');
    vi.mocked(syncDirectory).mockClear();
    state.journal.putContent('a', '0', Buffer.from('x'));

    expect(syncDirectory).toHaveBeenCalledWith(directory.path);
  });
});
