import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openCalm, type Calm } from '../../src/agent/calm.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function pass(calm: Calm, isIdle: boolean): void {
  calm.begin();
  calm.end(isIdle);
}

it('what moves all the time is looked at less and less often, at least once a minute', () => {
  const calm = openCalm();
  const waits: number[] = [];
  for (let round = 0; round < 9; round++) {
    calm.moved(['/var/log/busy']);
    waits.push(calm.wait());
    vi.advanceTimersByTime(calm.wait());
    pass(calm, true);
  }

  expect(waits).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
});

it('what has not moved before is looked at at once, and is as familiar as the rest from then on', () => {
  const calm = openCalm();
  calm.moved(['/var/log/busy']);
  pass(calm, true);
  calm.moved(['/var/log/busy']);
  expect(calm.wait()).toBe(1_000);

  calm.moved(['/etc/motd']);
  expect(calm.wait()).toBe(0);
  calm.begin();
  calm.moved(['/etc/issue']);
  calm.end(true);
  expect(calm.wait(), 'it moved after the pass had begun').toBe(0);
  pass(calm, true);
  calm.moved(['/etc/motd', '/etc/issue', '/var/log/busy']);
  expect(calm.wait()).toBe(4_000);
});

it('a pass that repaired, or that had another reason, begins anew', () => {
  const calm = openCalm();
  calm.moved(['/etc/motd']);
  pass(calm, true);
  pass(calm, false);
  calm.moved(['/etc/motd']);

  expect(calm.wait()).toBe(0);
});

it('something that makes new names all the time is not followed for ever', () => {
  const calm = openCalm();
  for (let round = 0; round < 2_000; round++) {
    calm.moved([`/var/spool/${round}`]);
    if (calm.wait() === 0) pass(calm, true);
  }
  calm.moved(['/var/spool/new']);

  expect(calm.wait()).toBeGreaterThan(0);
});
