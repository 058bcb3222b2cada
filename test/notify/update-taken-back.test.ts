import { expect, it } from 'vitest';
import { situationAfter } from '../../src/notify/conditions.ts';
import { statusNews } from './notify-rig.ts';

it('an update that was taken back is a failure until another one has confirmed itself', () => {
  const updateTakenBack = { version: '0.2.0-abc', at: '2026-11-20T03:00:00.000Z' };

  const { open } = situationAfter(statusNews({ updateTakenBack }), [], 0);

  expect(open).toMatchObject([{ topic: 'failure', title: 'FAILED: the update to version 0.2.0-abc was taken back' }]);
  expect(situationAfter(statusNews({}), open, 1).open).toEqual([]);
});
