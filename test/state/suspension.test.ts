import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { termFrom } from '../../src/host/term.ts';
import { readSuspension, removeSuspension, writeSuspension } from '../../src/state/suspension.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('what cannot be read suspends, whatever it is, until it is removed or written anew', () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'suspended');
  const isSuspended = (): boolean => readSuspension(directory.path)?.reason.includes('`reconcile resume` removes it') === true;
  const made = [
    () => writeFileSync(file, ''),
    () => writeFileSync(file, '{"reason":1}'),
    () => mkdirSync(join(file, 'x'), { recursive: true }),
  ];
  const suspension = { reason: 'disk', by: 'ada', until: '2099-01-01T00:00:00.000Z' };

  for (const make of made) {
    make();
    const before = isSuspended();
    removeSuspension(directory.path);
    expect([before, readSuspension(directory.path)]).toEqual([true, undefined]);
    make();
    writeSuspension(directory.path, suspension);
    expect(readSuspension(directory.path)).toEqual(suspension);
    removeSuspension(directory.path);
  }
});

const [minute, hour, year] = [60_000, 3_600_000, 365 * 24 * 3_600_000];

/** When one of two hours, written at noon after an hour of this boot, ends by the clock of a moment; 0: it is over. */
function endAt(moment: { readonly time: number; readonly boot?: string; readonly uptime: number }): number {
  using directory = temporaryDirectory();
  const until = new Date(start.time + 2 * hour).toISOString();
  const term = termFrom(start, 2 * hour);
  writeFileSync(join(directory.path, 'suspended'), JSON.stringify({ reason: 'disk', by: 'ada', until, ...term }));
  return Date.parse(readSuspension(directory.path, { boot: 'a', ...moment })?.until ?? '1970-01-01T00:00:00Z');
}
const start = { time: Date.parse('2026-11-20T12:00:00Z'), boot: 'a', uptime: hour };

it.each([
  ['set back by a day', -24 * hour],
  ['set back by 50 years', -50 * year],
  ['set forward by a day, which is no end of it', 24 * hour],
  ['set forward by 50 years, as by NTP', 50 * year],
  ['right', 0],
])('a suspension of two hours takes two hours of a host whose clock is %s meanwhile', (_title, step) => {
  const after = (time: number): number => endAt({ time: start.time + time + step, uptime: start.uptime + time });

  expect([after(1 * minute), after(119 * minute)]).toEqual([start.time + 2 * hour + step, start.time + 2 * hour + step]);
  expect([after(120 * minute), after(year)]).toEqual([0, 0]);
});

it.each([
  ['goes on where the clock stands in 1970', 0, minute, 120 * minute],
  ['is over at the uptime at which it would have been before, whatever the clock says', 0, 180 * minute, 0],
  ['goes on by the clock', start.time + hour, minute, start.time + 2 * hour],
  ['is over where the host was off for so long', start.time + 3 * hour, minute, 0],
])('after a boot a suspension %s', (_title, time, uptime, end) => {
  // The end is told by the minute where no clock has said it before.
  expect(endAt({ time, boot: 'b', uptime })).toBe(end === 120 * minute ? 119 * minute : end);
});
