import { expect, it } from 'vitest';
import { openAttempts } from '../../src/agent/attempts.ts';

function memory() {
  const values = new Map<string, unknown>();
  return {
    get: (name: string) => values.get(name),
    set: (name: string, value: unknown) => void values.set(name, value),
  };
}

const now = Date.parse('2026-11-21T08:00:00Z');
const day = 86_400_000;

it('a revision that failed is due when its wait is over', () => {
  const attempts = openAttempts(memory());
  attempts.failed('c1', '503', now);
  const next = attempts.retryOf('c1')!;

  expect(next).toBeGreaterThan(now);
  expect([next - 1, next].map((at) => attempts.isDue('c1', at, false))).toEqual([false, true]);
});

it('a failure that a clock which was ahead has written down is due at once', () => {
  const attempts = openAttempts(memory());
  attempts.failed('c1', '503', now + 400 * day);

  expect(attempts.isDue('c1', now, false)).toBe(true);
});

it('a revision that a window keeps away is tried again when one is open, however often the host moves before', () => {
  const attempts = openAttempts(memory());
  attempts.refused('c1', 'no window', now + 9 * day);
  attempts.refused('c2', 'not signed');

  expect(attempts.retryOf('c1')).toBe(now + 9 * day);
  expect([false, true].map((isPoll) => attempts.isDue('c1', now, isPoll))).toEqual([false, true]);
  expect(attempts.retryOf('c2')).toBeUndefined();
});

it('what fails again and again, in whatever words, is waited for ever longer and then left to the polls', () => {
  const attempts = openAttempts(memory());
  const waits = Array.from({ length: 8 }, (_, round) => {
    attempts.failed('c1', `nginx: [emerg] ${4711 + round}#0: it is unwell`, now);
    return Date.parse(attempts.retrying()!.next) - now;
  });

  expect(waits).toEqual(waits.toSorted((one, other) => one - other));

  expect(attempts.retryOf('c1')).toBeUndefined();
  expect(attempts.told(null).stalled).toContain('c1 failed 8 times');
  expect(attempts.isDue('c1', now + day / 24, true)).toBe(true);
});
