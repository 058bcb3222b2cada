import { expect, it } from 'vitest';
import type { LastApplied } from '../../src/model/last-applied.ts';
import { neededLast } from '../../src/plan/needed-last.ts';
import type { AnyResourceType } from '../../src/resources/resource-type.ts';

const needs: Readonly<Record<string, readonly string[]>> = {
  'user[a]': ['group[a]', 'group[b]'],
  'file[/x]': ['user[a]'],
  'loop[1]': ['loop[2]'],
  'loop[2]': ['loop[1]'],
};
const order = (...addresses: readonly string[]): readonly string[] => {
  const type = { requires: ({ address }: { readonly address: string }) => needs[address] ?? [] } as unknown as AnyResourceType;
  const orphans = addresses.map((address) => ({ address, kind: 'any', desired: { address } }) as unknown as LastApplied);
  return neededLast(orphans, () => type).map(({ address }) => address);
};

it.each([
  [
    ['group[a]', 'user[a]'],
    ['user[a]', 'group[a]'],
  ],
  [
    ['group[b]', 'other[1]', 'group[a]', 'user[a]', 'file[/x]'],
    ['file[/x]', 'user[a]', 'group[b]', 'other[1]', 'group[a]'],
  ],
  [
    ['other[2]', 'other[1]'],
    ['other[2]', 'other[1]'],
  ],
  [
    ['loop[1]', 'loop[2]'],
    ['loop[2]', 'loop[1]'],
  ],
])('%j is removed in the order %j', (addresses, expected) => {
  expect(order(...addresses)).toEqual(expected);
});
