import { describe, expect, it } from 'vitest';
import type { LastApplied } from '../../src/model/last-applied.ts';
import { madeOf, prunedOf } from '../../src/plan/made.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';

interface Names {
  readonly names: readonly string[];
}

const type = {
  kind: 'package',
  parts: {
    of: ({ names }: Names) => names,
    standing: () => [],
    pruned: ({ names }: Names, made: readonly string[]) => {
      const gone = names.filter((name) => made.includes(name));
      return gone.length === 0 ? undefined : { names: gone };
    },
  },
} as unknown as AnyResourceType;

const entry = (id: string, names: readonly string[], made: readonly string[], kind = 'package') =>
  ({ address: `${kind}[${id}]`, kind, desired: { names }, made }) as unknown as LastApplied;
const ledgerOf = (...entries: readonly LastApplied[]) => new Map(entries.map((each) => [each.address, each]));
const wanted = (...names: string[]) => ({ address: 'package[a]', kind: 'package', desired: { names } });

describe('what a resource has made', () => {
  it.each([
    ['nothing: all of it stood, and nothing was done', ['jq', 'ed'], [], undefined, []],
    ['what did not stand before', ['jq', 'ed'], [], ['ed'], ['jq']],
    ['what it had made, which stands by now', ['jq'], [entry('a', ['jq'], ['jq'])], ['jq'], ['jq']],
    ['nothing of what stood, though somebody has removed it since', ['jq'], [entry('a', ['jq'], [])], [], []],
    ['what came to it later and did not stand', ['jq', 'ed'], [entry('a', ['jq'], [])], ['jq'], ['ed']],
    ['nothing of what came to it later and stood', ['jq', 'ed'], [entry('a', ['jq'], ['jq'])], ['jq', 'ed'], ['jq']],
    ['what another one had made', ['jq'], [entry('b', ['jq', 'ed'], ['jq'])], undefined, ['jq']],
    ['nothing of what only has the name of what was made', ['jq'], [entry('b', ['jq'], ['jq'], 'user')], undefined, []],
    ['nothing that it does not want any more', [], [entry('a', ['jq'], ['jq'])], [], []],
  ])('is %s', (_what, names, ledger, stood, expected) => {
    expect(madeOf(wanted(...names), type, ledgerOf(...ledger), stood)).toEqual(expected);
  });

  it('is not asked of kinds without parts', () => {
    expect(madeOf(wanted('jq'), { kind: 'file' } as AnyResourceType, new Map(), undefined)).toEqual([]);
  });
});

it('only what was made goes when it leaves git', () => {
  expect(prunedOf(entry('a', ['jq', 'ed'], ['ed']), type)).toEqual({ names: ['ed'] });
  expect(prunedOf(entry('a', ['jq', 'ed'], []), type)).toBeUndefined();
});
