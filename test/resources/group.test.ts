import { describe, expect, it } from 'vitest';
import { openLocalReader } from '../../src/host/local-reader.ts';
import { group } from '../../src/resources/types/group.ts';
import { makeRepository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { prepare, signal } from './converge-kind.ts';

const desiredOf = (attributes: object) => prepare(group, { name: 'deploy', ...attributes }).desired;
const state = { gid: 2100, rival: null, firstOf: [] as readonly string[] };
const missing = { ...state, gid: null };

describe('what a group may say', () => {
  it.each([
    ['no name', { name: undefined }, 'name'],
    ['a number as the name', { name: 100 }, 'name: expected a name, not a numeric id'],
    ['a name that begins like an option', { name: '-x' }, 'name: expected a name'],
    ['a name with a colon', { name: 'a:b' }, 'name: expected a name'],
    ['a name that is too long', { name: 'a'.repeat(32) }, 'name: expected a name'],
    ['a negative id', { gid: -1 }, 'gid'],
    ['the id of nobody', { gid: 4_294_967_295 }, 'gid'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(prepare(group, { name: 'deploy', ...attributes }).problems.join('\n')).toContain(message);
  });
});

describe('what differs', () => {
  it.each([
    ['nothing: it is there', {}, state, 'none'],
    ['nothing: it has its id', { gid: 2100 }, state, 'none'],
    ['nothing: it is gone', { ensure: 'absent' }, missing, 'none'],
    ['all of it', { gid: 2100 }, missing, 'create'],
    ['its id', { gid: 2101 }, state, 'update'],
    ['that it is there', { ensure: 'absent' }, state, 'remove'],
  ])('is %s', (_what, attributes, actual, action) => {
    expect(group.diff(desiredOf(attributes), actual).action).toBe(action);
  });
});

describe('is refused', () => {
  it.each([
    ['another id', { gid: 2101 }, state, 'its files would no longer be its own'],
    ['an id of another group', { gid: 4 }, { ...missing, rival: 'the group adm' }, 'the id 4 belongs to the group adm already'],
    ['the end of the group of root', { ensure: 'absent' }, { ...state, gid: 0 }, 'is not removed'],
    ['the end of a first group', { ensure: 'absent' }, { ...state, firstOf: ['app'] }, 'is the first group of app'],
  ])('%s', (_what, attributes, actual, message) => {
    expect(group.refuses?.(desiredOf(attributes), actual, [])).toMatchObject([
      { code: 'unsafe-target', message: expect.stringContaining(message) as string },
    ]);
  });

  it('but not that it goes when it left git: then it stays where it is needed', () => {
    const pruned = group.parts?.pruned(desiredOf({}), ['deploy']);
    expect(group.refuses?.(pruned!, { ...state, firstOf: ['app'] }, [])).toEqual([]);
    expect(group.diff(pruned!, state)).toMatchObject({ action: 'remove', mayStay: 'it is the first group of somebody' });
  });

  it('and it does not go at all when it stood before', () => {
    expect(group.parts?.pruned(desiredOf({}), [])).toBeUndefined();
  });
});

it('two groups with one id are refused', async () => {
  using directory = temporaryDirectory();
  const host = openLocalReader({ root: directory.path });
  const wanted = ['a', 'b'].map((name) => desiredOf({ name, gid: 7 }));
  const context = { host, last: undefined, signal, survey: await group.survey!(wanted, { host, signal }) };

  const refusals = await Promise.all(wanted.map(async (each) => group.refuses!(each, await group.inspect(each, context), [])));

  expect(refusals.flat().map(({ message }) => message)).toEqual([
    'the id 7 belongs to group[b] already',
    'the id 7 belongs to group[a] already',
  ]);
});

it('under a root it is held, because accounts are made by programs', () => {
  using repository = makeRepository('- { kind: group, name: deploy }\n- { kind: user, name: app }');

  const { exit, steps } = repository.report();

  expect(exit).toBe(0);
  expect(steps.map(({ address, reason }) => `${address} ${reason}`).sort()).toEqual([
    'group[deploy] needs a live host',
    'user[app] needs a live host',
  ]);
});
