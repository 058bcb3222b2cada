import { describe, expect, it } from 'vitest';
import { judgeWave, type Said } from '../../src/agent/judge-wave.ts';

const now = Date.parse('2026-11-21T08:00:00.000Z');
const wave = { name: 'canary', hosts: ['a', 'b', 'c'], bake: 60_000, mayFail: 0 };
/** `a: success 120` is a success 120 seconds ago. */
const said = (...words: readonly string[]): ReadonlyMap<string, Said> =>
  new Map(
    words.map((each) => {
      const [host = '', state = '', seconds] = each.split(/:? /);
      return [host, { state, at: now - Number(seconds) * 1_000 }];
    }),
  );

describe('a host waits for the wave before its own', () => {
  it.each([
    ['until all have said something', [], 0, 'waits for wave canary (0 of 3 healthy)'],
    ['until all are well', ['a: success 90', 'b: success 90', 'c: pending 90'], 0, 'waits for wave canary (2 of 3 healthy)'],
    ['until nobody is missing who may not fail', ['a: success 90'], 1, 'waits for wave canary (1 of 3 healthy)'],
    ['until at least one is well', ['a: failure 90', 'b: failure 90'], 3, 'waits for wave canary (0 of 3 healthy)'],
    ['not for those who may fail', ['a: success 90', 'b: success 90'], 1, undefined],
    ['not when all are well long enough', ['a: success 60', 'b: success 90', 'c: success 500'], 0, undefined],
    [
      'until the last has been well for the bake time',
      ['a: success 20', 'b: success 90', 'c: success 500'],
      0,
      'waits for wave canary, which is watched until 2026-11-21T08:00:40.000Z',
    ],
    ['for ever when one fails', ['a: success 90', 'b: failure 90'], 0, 'stopped: 1 of 3 hosts failed in wave canary'],
    ['for ever when one refuses', ['a: success 90', 'b: error 90'], 0, 'stopped: 1 of 3 hosts failed in wave canary'],
    ['for nobody of another wave', ['a: success 90', 'b: success 90', 'c: success 90', 'z: failure 1'], 0, undefined],
    ['although one fails that may', ['a: failure 90', 'b: success 90', 'c: success 90'], 1, undefined],
  ])('%s', (_when, words, mayFail, expected) => {
    expect(judgeWave({ ...wave, mayFail }, said(...words), now)?.words).toBe(expected);
  });

  it('knows when to look again while the wave is watched', () => {
    expect(judgeWave({ ...wave, hosts: ['a'] }, said('a: success 20'), now)?.until).toBe(now + 40_000);
    expect(judgeWave(wave, said(), now)?.until).toBeUndefined();
  });
});
