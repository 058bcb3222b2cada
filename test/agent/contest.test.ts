import { expect, it } from 'vitest';
import { openContest } from '../../src/agent/contest.ts';
import type { Memory } from '../../src/model/reporter.ts';

it('what is contested is so after a restart of the agent, for the rest of the hour, until it is forgotten', () => {
  const parts = new Map<string, unknown>();
  const memory: Memory = {
    get: (name) => structuredClone(parts.get(name)),
    set: (name, value) => void parts.set(name, structuredClone(value)),
  };
  const before = openContest(memory);
  for (let round = 0; round < 5; round++) before.healed(['file[/a]', 'file[/b]']);
  before.healed(['file[/c]']);

  const after = openContest(memory);

  expect(after.contested()).toEqual(['file[/a]', 'file[/b]']);
  expect(after.untilEnd()).toBeGreaterThan(3_500_000);
  expect(after.untilEnd()).toBeLessThanOrEqual(3_600_000);
  after.forget(['file[/a]']);
  expect(openContest(memory).contested()).toEqual(['file[/b]']);
});
