import { expect, it } from 'vitest';
import type { News } from '../../src/model/reporter.ts';
import { statusNews, told } from './notify-rig.ts';

it('an agent that has asked no remote since its start says nothing of what it told of it before', () => {
  const away = { at: '2026-11-20T03:00:00.000Z', ok: false, state: 'offline', remote: null, message: 'no route' } as const;

  expect(
    told([
      [0, statusNews({ fetch: away })],
      [1, statusNews({ fetch: null })],
      [2, statusNews({ fetch: away })],
      [3, statusNews({})],
    ]),
  ).toEqual([['FETCH fails; the last good revision stays in force'], [], [], [expect.stringContaining('Fetching works again')]]);
});

it('a remote which was away and comes back with what is refused is told, once for each revision, whatever the words', () => {
  const away = (message: string): News =>
    statusNews({ fetch: { at: '2026-11-20T03:00:00.000Z', ok: false, state: 'offline', remote: null, message } });
  const refused = (letter: string, message: string): News =>
    statusNews({
      fetch: { at: '2026-11-20T03:00:00.000Z', ok: false, state: 'refused', remote: 'https://git.example', message },
      revision: { applied: 'a'.repeat(40), seen: letter.repeat(40), branch: 'main' },
    });
  const title = (letter: string): string => `REFUSED: ${letter.repeat(8)} (main); the last good revision stays in force`;

  expect(
    told([
      [0, away('no route')],
      [1, away('timed out')],
      [2, refused('b', 'rewritten')],
      [3, refused('b', 'still rewritten')],
      [4, refused('c', 'not signed')],
      [5, statusNews({})],
    ]),
  ).toEqual([
    ['FETCH fails; the last good revision stays in force'],
    [],
    [title('b')],
    [],
    [title('c')],
    ['The newest revision is taken again, after one was refused since 11-20 03:04 UTC'],
  ]);
});
