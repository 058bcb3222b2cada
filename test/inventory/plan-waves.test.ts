import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { planWaves } from '../../src/inventory/plan-waves.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { rolloutDocument, type Document, type RolloutDocument } from '../../src/model/document.ts';
import { loadInventoryFiles } from '../../src/source/inventory-files.ts';
import { inventoryTree } from './memory-tree.ts';

const inventoryOf = (hosts: string): Inventory => readInventory(loadInventoryFiles(inventoryTree({ 'hosts.yml': hosts })));
const fleet = inventoryOf('wizards:\n  hosts: {timmy: , allegro: , bezalel: , ezra: }\ninfra:\n  hosts: {forge: }\n');

const rolloutOf = (value: unknown): Document<RolloutDocument> => {
  const at = (path: readonly (string | number)[]) => ({ file: 'desired-state/rollout.yaml', line: path.length, column: 1 });
  return {
    source: { file: 'desired-state/rollout.yaml', value: {}, at, keyAt: at, keysOf: () => [] },
    value: rolloutDocument.parse(value),
  };
};
const planned = (value: unknown, chosen?: readonly string[]): string[] =>
  planWaves(rolloutOf(value), fleet, chosen && new Set(chosen)).waves.map(({ name, hosts }) => `${name}: ${hosts.join(' ')}`);

describe('waves', () => {
  it.each([
    [
      'a host per wave',
      [{ hosts: 'bezalel' }, { hosts: 'wizards' }],
      ['w0: bezalel', 'w1: timmy allegro ezra', 'the rest: forge'],
    ],
    ['a count', [{ hosts: 'wizards', count: 1 }, { hosts: 'all' }], ['w0: timmy', 'w1: allegro bezalel ezra forge']],
    ['a part of what the pattern names', [{ hosts: 'all', count: '40%' }], ['w0: timmy allegro', 'the rest: bezalel ezra forge']],
    ['a part that is not whole', [{ hosts: 'all', count: '21%' }], ['w0: timmy allegro', 'the rest: bezalel ezra forge']],
    [
      'a growing part',
      [
        { hosts: 'all', count: 1 },
        { hosts: 'all', count: '50%' },
      ],
      ['w0: timmy', 'w1: allegro bezalel ezra', 'the rest: forge'],
    ],
    [
      'more than there are',
      [
        { hosts: 'infra', count: 9 },
        { hosts: 'wizards', count: '100%' },
      ],
      ['w0: forge', 'w1: timmy allegro bezalel ezra'],
    ],
    ['nobody', [{ hosts: 'nob*' }, { hosts: 'all' }], ['w1: timmy allegro bezalel ezra forge']],
  ])('of %s', (_what, waves, expected) => {
    expect(planned({ waves: waves.map((wave, index) => ({ name: `w${index}`, ...wave })) })).toEqual(expected);
  });

  it('of chosen hosts are the same ones without the others', () => {
    const waves = [
      { name: 'canary', hosts: 'bezalel' },
      { name: 'half', hosts: 'wizards', count: '50%' },
    ];

    expect(planned({ waves }, ['ezra', 'allegro', 'forge'])).toEqual(['half: allegro', 'the rest: ezra forge']);
  });

  it.each([
    [0, 0],
    [2, 2],
    ['10%', 0],
    ['50%', 2],
    ['100%', 4],
  ])('of four hosts with max_fail %s may lose %i', (max_fail, mayFail) => {
    expect(planWaves(rolloutOf({ waves: [{ name: 'a', hosts: 'wizards' }], max_fail }), fleet).waves[0]).toEqual({
      name: 'a',
      hosts: ['timmy', 'allegro', 'bezalel', 'ezra'],
      bake: 60_000,
      mayFail,
    });
  });

  it.each([
    ['unknown-group', 'wizrds'],
    ['bad-pattern', 'wizards[9]'],
  ])('name the place of a pattern that is no good: %s', (code, hosts) => {
    const { problems } = planWaves(
      rolloutOf({
        waves: [
          { name: 'a', hosts: 'all' },
          { name: 'b', hosts },
        ],
      }),
      fleet,
    );

    expect(problems).toMatchObject([{ code, at: { file: 'desired-state/rollout.yaml', line: 3 } }]);
  });

  it('never lose, repeat or reorder a host', () => {
    const names = Array.from({ length: 12 }, (_, number) => `h${number}`);
    const many = inventoryOf(
      `all:\n  hosts: {${names.map((name) => `${name}: `).join(', ')}}\neven:\n  hosts: {h0: , h2: , h4: , h6: }\n`,
    );
    const pattern = fc.constantFrom('all', 'even', 'h3', 'h1*', '!even', 'h7,h2', 'nob*', 'even:&h2');
    const count = fc.option(
      fc.oneof(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 100 }).map((part) => `${part}%`),
      ),
      { nil: undefined },
    );
    const wave = fc.record({ hosts: pattern, count }, { requiredKeys: ['hosts'] });
    fc.assert(
      fc.property(fc.array(wave, { minLength: 1, maxLength: 6 }), fc.subarray(names), (waves, chosen) => {
        const rollout = rolloutOf({
          waves: waves.map(({ hosts, count: of }, index) => ({
            name: `w${index}`,
            hosts,
            ...(of !== undefined && { count: of }),
          })),
        });
        const all = planWaves(rollout, many).waves;
        const some = planWaves(rollout, many, new Set(chosen)).waves;

        expect(all.flatMap(({ hosts }) => hosts).toSorted()).toEqual(names.toSorted());
        expect(some.flatMap(({ hosts }) => hosts)).toEqual(
          all.flatMap(({ hosts }) => hosts).filter((host) => chosen.includes(host)),
        );
        expect(planWaves(rollout, many)).toEqual({ waves: all, problems: [] });
      }),
    );
  });
});
