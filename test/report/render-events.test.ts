import { expect, it } from 'vitest';
import type { Event } from '../../src/model/event.ts';
import { plain } from '../../src/report/paint.ts';
import { eventLine, progressLine } from '../../src/report/render-events.ts';
import { reportWith } from './report-fixture.ts';

const now = '2026-11-20T08:00:00.000Z';
const run = 'r1';
const events: readonly Event[] = [
  { type: 'run-started', run, host: 'allegro', revision: '1a2b' },
  { type: 'recovered', run, addresses: ['file[/a]'] },
  { type: 'planned', run, steps: [], digest: 'd' },
  { type: 'applying', run, address: 'file[/a\nb]', done: 0, total: 2 },
  { type: 'refreshing', run, address: 'command[x]' },
  { type: 'verifying', run },
  { type: 'rolling-back', run, reason: 'failed' },
  { type: 'finished', run, report: reportWith() },
];

it.each(events)('$type is one line of NDJSON that begins with schema, type, ts and run', (event) => {
  const line = eventLine(event, now);

  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(Object.entries(JSON.parse(line) as object).slice(0, 4)).toEqual([
    ['schema', 'reconcile.event/1'],
    ['type', event.type],
    ['ts', now],
    ['run', run],
  ]);
});

it('progress counts from one and stays on its line', () => {
  expect(events.map((event) => progressLine(event, plain))).toEqual([
    undefined,
    'restored what an interrupted run left behind',
    undefined,
    'applying 1/2 file[/a\\nb]',
    'refreshing command[x]',
    'verifying',
    'rolling back: failed',
    undefined,
  ]);
});
