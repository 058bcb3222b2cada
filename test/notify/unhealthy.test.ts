import { expect, it } from 'vitest';
import { situationAfter } from '../../src/notify/conditions.ts';
import { statusNews } from './notify-rig.ts';

const at = '2026-11-20T03:00:00.000Z';
const [web, mail] = ['web: tcp 127.0.0.1:80', 'mail: unit postfix'] as const;
const failing = (failed: readonly string[], said = '') =>
  statusNews({ health: { at, checks: 3, failure: `health check failed: ${failed[0]}${said}`, failed } });

it('what stops working is a failure, the same one whatever its check says each time, until it works', () => {
  const { open } = situationAfter(failing([web], ': timed out'), [], 0);
  expect(open).toMatchObject([
    { subject: 'health', topic: 'failure', why: 'health check failed: web: tcp 127.0.0.1:80: timed out', since: 0 },
  ]);

  const again = situationAfter(failing([web], ': refused'), open, 1).open;
  expect(again).toMatchObject([{ sameness: open[0]!.sameness, since: 0 }]);
  expect(situationAfter(statusNews({ health: { at, checks: 3 } }), again, 2).open).toEqual([]);
});

it('another check that fails too is news, and is named', () => {
  const { open } = situationAfter(failing([web]), [], 0);

  expect(situationAfter(failing([web, mail]), open, 1).open).toMatchObject([
    { why: 'health check failed: web: tcp 127.0.0.1:80; and mail: unit postfix', since: 1 },
  ]);
});

it('a host of an earlier version, which names none, is told of all the same', () => {
  const news = statusNews({ health: { at, checks: 1, failure: 'health check failed: web' } });

  expect(situationAfter(news, [], 0).open).toMatchObject([{ why: 'health check failed: web' }]);
});
