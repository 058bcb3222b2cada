import { expect, it } from 'vitest';
import { renderNotices } from '../../src/notify/render-notices.ts';

const at = Date.parse('2026-11-20T23:50:00Z');
const minute = 60_000;

it.each([
  ['at once, says nothing', 1, ''],
  ['on the same day, says the time', 9, ' [23:50 UTC]'],
  ['on another day, says which day it was', 11, ' [11-20 23:50 UTC]'],
  ['a month later, says it, too', 30 * 24 * 60, ' [11-20 23:50 UTC]'],
])('a notice that is delivered %s', (_when, minutes, told) => {
  const notice = { id: '1', at, topic: 'failure', state: 'began', subject: 'run', title: 'FAILED', why: '', todo: '' } as const;

  expect(renderNotices('box', [notice], 0, at + minutes * minute)).toBe(`box: FAILED${told}`);
});
