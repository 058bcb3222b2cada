import { describe, expect, it } from 'vitest';
import { timeLeft } from '../../src/confirm/deadline.ts';
import { termFrom } from '../../src/host/term.ts';

const hour = 3_600_000;
const start = { time: 1_000 * hour, boot: 'a', uptime: 5 * hour };
const term = termFrom(start, 120_000);
const after = (milliseconds: number) => ({ ...start, time: start.time + milliseconds, uptime: start.uptime + milliseconds });

describe('the time of a run that waits for its confirmation', () => {
  it('runs while the host is up, wherever somebody sets the clock', () => {
    expect(timeLeft(term, after(0))).toBe(120_000);
    expect(timeLeft(term, after(119_000))).toBe(1_000);
    expect(timeLeft(term, after(121_000))).toBe(0);
    for (const time of [0, start.time - hour, start.time + 1_000 * hour])
      expect([timeLeft(term, { ...after(1_000), time }), timeLeft(term, { ...after(120_000), time })]).toEqual([119_000, 0]);
  });

  it.each([
    ['goes on after a quick boot', 20_000, 5_000, 100_000],
    ['is over when the host was down for longer', 200_000, 5_000, 0],
    ['is over when the clock stands before its beginning', -hour, 5_000, 0],
    ['is over a whole term after the boot, whatever the clock says', 1_000, 120_000, 0],
  ])('%s', (_title, elapsed, uptime, left) => {
    expect(timeLeft(term, { time: start.time + elapsed, boot: 'b', uptime })).toBe(left);
  });

  it('goes on in a container, whose boots do not begin the count anew', () => {
    expect(timeLeft(term, { ...after(20_000), boot: 'b' })).toBe(100_000);
    expect(timeLeft(term, { ...after(120_000), boot: 'b' })).toBe(0);
  });
});
