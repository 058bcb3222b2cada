import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openSchedule } from '../../src/agent/schedule.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const day = 86_400_000;

it('each reason has its time, which no other moves', async () => {
  const dues: string[] = [];
  const schedule = openSchedule((reason) => dues.push(reason));
  schedule.set('poll', 1_000);
  for (let round = 0; round < 9; round++) {
    schedule.set('retry', 300);
    schedule.set('moved', 50);
    await vi.advanceTimersByTimeAsync(100);
  }

  expect(dues).toEqual(Array(9).fill('moved'));
  expect(schedule.next()).toBe(Date.now() + 100);
  await vi.advanceTimersByTimeAsync(100);
  expect(dues.slice(9)).toEqual(['poll']);
  schedule.set('retry', undefined);
  expect(schedule.next()).toBeUndefined();
});

it('a time that no timer can count to is waited for', async () => {
  const dues: string[] = [];
  const schedule = openSchedule((reason) => dues.push(reason));
  schedule.set('poll', 60 * day);
  await vi.advanceTimersByTimeAsync(59 * day);

  expect(dues).toEqual([]);
  await vi.advanceTimersByTimeAsync(day);
  expect(dues).toEqual(['poll']);
});

it('a clock that is set moves nothing', async () => {
  const dues: string[] = [];
  const schedule = openSchedule((reason) => dues.push(reason));
  schedule.set('poll', 1_000);
  vi.setSystemTime(Date.now() - 400 * day);
  schedule.set('look', 5_000);
  await vi.advanceTimersByTimeAsync(1_000);

  expect(dues).toEqual(['poll']);
});
