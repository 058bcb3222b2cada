import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetExit, verdictRank } from '../../src/model/fleet-exit.ts';
import type { HostVerdict } from '../../src/model/fleet.ts';

const worstFirst: readonly (readonly [HostVerdict, number])[] = [
  ['rollbackIncomplete', 8],
  ['rolledBack', 6],
  ['error', 1],
  ['invalid', 65],
  ['refused', 7],
  ['busy', 5],
  ['unreachable', 3],
  ['conflict', 4],
  ['upstreamPending', 2],
  ['driftOnly', 3],
  ['converged', 0],
];
const exitOf = (...verdicts: readonly HostVerdict[]): number => fleetExit(verdicts.map((verdict) => ({ verdict })));

describe('the exit code of a fleet command', () => {
  it.each(worstFirst)('is, of one host that is %s, %i', (verdict, code) => {
    expect(exitOf(verdict)).toBe(code);
  });

  it('is 0 without hosts', () => {
    expect(exitOf()).toBe(0);
  });

  it('is that of the host that is worst off, in whatever order they stand', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(worstFirst.slice(), { minLength: 1 }), (some) => {
        const worst = some.toSorted(([a], [b]) => verdictRank(a) - verdictRank(b))[0]!;
        expect(exitOf(...some.map(([verdict]) => verdict))).toBe(worst[1]);
        expect(worstFirst.find((each) => some.includes(each))).toBe(worst);
      }),
    );
  });

  it.each(['untrusted', 'denied', 'slow', 'missing', 'garbled', 'usage'] as const)('is not 0 where one is %s', (verdict) => {
    expect(exitOf('converged', verdict, 'converged')).not.toBe(0);
  });
});
