import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openReporting } from '../../src/agent/reporting.ts';
import type { News, Recipient, Reporter } from '../../src/model/reporter.ts';
import { statusNews } from '../notify/notify-rig.ts';

const never = new AbortController().signal;
const news = (name: string): News => statusNews({ host: name });

/** A reporter that keeps the names of news until they are delivered. `deliver` gets what waits for its recipient. */
function reporterTo(...deliver: ((names: readonly string[], signal: AbortSignal) => ReturnType<Recipient['deliver']>)[]) {
  const waiting = deliver.map((): string[] => []);
  const recipients = deliver.map((each, index) => ({
    deliver: (signal: AbortSignal) => each(waiting[index]!.splice(0), signal),
  }));
  const note = ({ status }: News): void => waiting.forEach((names) => names.push(status.host));
  return { name: 'chat', note, recipients, waiting } satisfies Reporter & { waiting: unknown };
}

function open(reporter: Reporter) {
  const problems: string[] = [];
  const reporting = openReporting([reporter], (name, message) => problems.push(`${name}: ${message}`));
  return { ...reporting, problems };
}

it('news are kept at once, and are delivered together after what is on its way', async () => {
  const delivered: (readonly string[])[] = [];
  const started = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const reporter = reporterTo(async (names) => {
    delivered.push(names);
    started.resolve();
    await first.promise;
    return names.includes('one') ? { problem: 'one did not arrive' } : {};
  });
  const reporting = open(reporter);
  reporting.tell(news('one'));
  await started.promise;
  for (const name of ['two', 'three']) reporting.tell(news(name));
  expect(reporter.waiting).toEqual([['two', 'three']]);

  first.resolve();
  await reporting.close(never);
  expect(delivered).toEqual([['one'], ['two', 'three']]);
  expect(reporting.problems).toEqual(['chat: one did not arrive']);
});

describe('what a recipient does not take', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is tried again by itself, less and less often, until it does; news are delivered at once', async () => {
    const tries: number[] = [];
    let isDown = true;
    const reporter = reporterTo(() => (tries.push(Date.now()), Promise.resolve(isDown ? { problem: 'down' } : {})));
    const reporting = open(reporter);
    reporting.tell(news('one'));
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    const gaps = tries.slice(1).map((time, index) => time - tries[index]!);

    expect(gaps.length).toBeGreaterThan(8);
    expect(gaps[0]).toBeLessThanOrEqual(6_000);
    expect(gaps[3]).toBeGreaterThan(30_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(18 * 60_000);
    const before = tries.length;
    reporting.tell(news('two'));
    await vi.advanceTimersByTimeAsync(0);
    expect(tries.length).toBe(before + 1);
    isDown = false;
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    const whenUp = tries.length;
    await vi.advanceTimersByTimeAsync(24 * 60 * 60_000);
    expect(tries.length).toBe(whenUp);
    await reporting.close(never);
  });

  it('waits as long as it asked for, and not after the end', async () => {
    const tries: number[] = [];
    const reporter = reporterTo(() => (tries.push(Date.now()), Promise.resolve({ dueAt: Date.now() + 40_000 })));
    const reporting = open(reporter);
    reporting.tell(news('one'));
    await vi.advanceTimersByTimeAsync(41_000);
    expect(tries.map((time) => time - tries[0]!)).toEqual([0, 40_000]);

    await reporting.close(never);
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    expect(tries.length).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a recipient that does not answer holds up no other', async () => {
  const answer = Promise.withResolvers<object>();
  const asked = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const reporter = reporterTo(
    () => (asked.resolve(), answer.promise),
    (names) => {
      if (names.includes('two')) told.resolve();
      return Promise.resolve({});
    },
  );
  const reporting = open(reporter);
  reporting.tell(news('one'));
  await asked.promise;
  reporting.tell(news('two'));

  await told.promise;
  answer.resolve({});
  await reporting.close(never);
});

it('what was kept before the start is delivered without any news', async () => {
  const delivered: (readonly string[])[] = [];
  const reporter = reporterTo((names) => Promise.resolve({}).finally(() => delivered.push(names)));
  reporter.note(news('before'));
  const reporting = open(reporter);
  reporting.deliver();

  await reporting.close(never);
  expect(delivered).toEqual([['before']]);
});

it('the end waits until a delivery that it ends has put away what it knows; what comes then is kept', async () => {
  const started = Promise.withResolvers<void>();
  let hasEnded = false;
  const reporter = reporterTo(async (_, signal) => {
    started.resolve();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await new Promise(setImmediate);
    hasEnded = true;
    return { problem: 'stopped' };
  });
  const reporting = open(reporter);
  reporting.tell(news('one'));
  await started.promise;
  reporting.tell(news('two'));

  await reporting.close(AbortSignal.abort());
  expect(hasEnded).toBe(true);
  expect(reporting.problems).toEqual(['chat: stopped']);
  reporting.tell(news('three'));
  expect(reporter.waiting).toEqual([['two', 'three']]);
});

it('what cannot be kept is not sent, for it would be sent again, and the log says so', async () => {
  const delivered: (readonly string[])[] = [];
  const note = (): never => {
    throw new Error('agent.db: disk full');
  };
  const reporting = open({ ...reporterTo((names) => Promise.resolve({}).finally(() => delivered.push(names))), note });
  reporting.tell(news('one'));

  await reporting.close(never);
  expect(delivered).toEqual([]);
  expect(reporting.problems).toEqual(['chat: what was told cannot be remembered, so nothing is sent: agent.db: disk full']);
});
