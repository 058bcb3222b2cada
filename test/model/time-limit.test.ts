import { expect, it } from 'vitest';
import { runFor, runWithin } from '../../src/model/time-limit.ts';

/** Takes no time of the processor. */
const wait = (milliseconds: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

it('gives what the work gives, and the processor time that it took', () => {
  const done = runFor(1_000, () => {
    wait(50);
    return 'done';
  });

  expect(done?.value).toBe('done');
  expect(done?.milliseconds).toBeLessThan(40);
});

it('ends work that goes on for ever', () => {
  const begun = performance.now();
  expect(
    runFor(50, () => {
      for (;;);
    }),
  ).toBeUndefined();
  expect(performance.now() - begun).toBeLessThan(2_000);
});

it('begins work again that had to wait for a processor', () => {
  let times = 0;
  const done = runFor(30, () => {
    // As on a host that is busy for a while.
    if (++times < 3) wait(10_000);
    return times;
  });

  expect(done?.value).toBe(3);
});

it('gives up work that waits for ever', () => {
  let times = 0;
  expect(runFor(10, () => (times++, wait(60_000)))).toBeUndefined();
  expect(times).toBe(5);
});

it('many pieces of work have an end together', () => {
  const budget = { left: 50 };
  const forEver = (): never => {
    for (;;);
  };

  expect(runWithin(budget, 30, forEver)).toBeUndefined();
  expect(runWithin(budget, 30, () => 'short')?.value).toBe('short');
  expect(runWithin(budget, 30, forEver)).toBeUndefined();
  expect(runWithin(budget, 30, () => 'short')).toBeUndefined();
});

it('what the work throws is thrown, and work within work has its own limit', () => {
  expect(() =>
    runFor(100, () => {
      throw new RangeError('too deep');
    }),
  ).toThrow('too deep');
  expect(runFor(1_000, () => runFor(1_000, () => 'inner')?.value)?.value).toBe('inner');
});
