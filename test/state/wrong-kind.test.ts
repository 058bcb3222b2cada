import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAgentState } from '../../src/state/agent-state.ts';
import { takeLock } from '../../src/state/lock.ts';
import { openState } from '../../src/state/state.ts';
import { StateError } from '../../src/state/state-error.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const openers: Readonly<Record<string, (directory: string) => unknown>> = {
  'agent.db': openAgentState,
  'state.db': (directory) => openState(directory),
  'lock.db': takeLock,
};

function errorOf(act: () => unknown): StateError {
  try {
    act();
  } catch (error) {
    if (error instanceof StateError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

it.each(Object.keys(openers))('%s is not made through a link', (name) => {
  using directory = temporaryDirectory();
  const target = join(directory.path, 'target');
  const state = join(directory.path, 'state');
  mkdirSync(state);
  symlinkSync(target, join(state, name));

  const { message, hint } = errorOf(() => openers[name]!(state));

  expect(message).toContain(`${name} leads nowhere`);
  expect(hint).toContain('backup');
  expect(existsSync(target)).toBe(false);
});

it.each(['agent.db', 'lock.db'])('a directory in the place of %s is named, with what to do', (name) => {
  using directory = temporaryDirectory();
  mkdirSync(join(directory.path, name));

  const { message, hint } = errorOf(() => openers[name]!(directory.path));

  expect(message).toContain(`${name} is not a file`);
  expect(hint).toContain('move away');
});

it('a link that leads nowhere in the place of a state directory is named, with what to do', () => {
  using directory = temporaryDirectory();
  const revisions = join(directory.path, 'revisions');
  symlinkSync(join(directory.path, 'nothing'), revisions);

  const { message, hint } = errorOf(() => takeLock(revisions));

  expect(message).toContain('revisions leads nowhere');
  expect(hint).toContain('move away');
});

it('what the agent remembers may be elsewhere, through a link', () => {
  using directory = temporaryDirectory();
  const [state, elsewhere] = [join(directory.path, 'state'), join(directory.path, 'elsewhere')];
  openAgentState(elsewhere).close();
  mkdirSync(state);
  symlinkSync(join(elsewhere, 'agent.db'), join(state, 'agent.db'));

  using kept = openAgentState(state);
  kept.memory('part').set('name', 1);

  expect(kept.memory('part').get('name')).toBe(1);
});

it('a state directory that is a file is named to who only looks, with what to do', () => {
  using place = temporaryDirectory();
  const file = join(place.path, 'state');
  writeFileSync(file, '');

  expect(errorOf(() => openState(file, { readOnly: true })).message).toContain(`${file}/state.db leads nowhere`);
});
