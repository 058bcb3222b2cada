import { describe, expect, it } from 'vitest';
import { graphInventory, listHost, listInventory } from '../../src/inventory/list-inventory.ts';
import { compileGlob } from '../../src/inventory/match-glob.ts';
import { matchRegex } from '../../src/inventory/match-regex.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { selectHosts } from '../../src/inventory/select-hosts.ts';
import { loadInventoryFiles } from '../../src/source/inventory-files.ts';
import { inventoryTree } from './memory-tree.ts';
import { processorTime } from '../support/processor-time.ts';

const inventoryOf = (hosts: string) => readInventory(loadInventoryFiles(inventoryTree({ 'hosts.yml': hosts })));
const fleet = inventoryOf(
  'wizards:\n  hosts: {timmy: , allegro: , bezalel: , ezra: }\nforges:\n  hosts: {forge.example: {ansible_port: 22}}\n' +
    'critical:\n  hosts: {timmy: , ezra: }\n',
);

describe('selectHosts', () => {
  it.each([
    ['all', ['timmy', 'allegro', 'bezalel', 'ezra', 'forge.example']],
    ['*', ['timmy', 'allegro', 'bezalel', 'ezra', 'forge.example']],
    ['wizards:!critical', ['allegro', 'bezalel']],
    ['wizards,!critical', ['allegro', 'bezalel']],
    ['!critical,wizards', ['allegro', 'bezalel']],
    ['wizards:&critical', ['timmy', 'ezra']],
    ['&critical', ['timmy', 'ezra']],
    ['!wizards', ['forge.example']],
    ['ezra,timmy', ['ezra', 'timmy']],
    ['*.example', ['forge.example']],
    ['[eb]*', ['bezalel', 'ezra']],
    ['?????', ['timmy']],
    ['~(tim|ez)', ['timmy', 'ezra']],
    ['~.*ra$', ['ezra']],
    ['wizards[0]', ['timmy']],
    ['wizards[-1]', ['ezra']],
    ['wizards[1:]', ['allegro', 'bezalel', 'ezra']],
    ['wizards[0:1]', ['timmy', 'allegro']],
    ['wizards[0:1]:!timmy', ['allegro']],
    ['wizards[2:99]', ['bezalel', 'ezra']],
    ['nothing*', []],
    ['~nothing', []],
    ['ungrouped', []],
  ])('selects by %s', (pattern, hosts) => {
    expect(selectHosts(fleet, pattern)).toEqual({ hosts, problems: [] });
  });

  it.each([
    ['wizrds', 'unknown-group', 'did you mean "wizards"?'],
    ['wizards:!alegro', 'unknown-group', 'did you mean "allegro"?'],
    ['forge.exmple', 'unknown-group', 'did you mean "forge.example"?'],
    ['xyz', 'unknown-group', undefined],
    ['', 'bad-pattern', undefined],
    [' , ', 'bad-pattern', undefined],
    ['wizards:!', 'bad-pattern', undefined],
    ['wizards[9]', 'bad-pattern', undefined],
    ['wizards[-5]', 'bad-pattern', undefined],
    ['a[b', 'bad-pattern', undefined],
    ['~(', 'bad-pattern', undefined],
    ['~(?<n>a)', 'bad-pattern', undefined],
    [`~${'a'.repeat(2000)}`, 'bad-pattern', undefined],
    ['a,'.repeat(300), 'bad-pattern', undefined],
    ['a'.repeat(20_000), 'bad-pattern', undefined],
  ])('reports what is wrong with pattern %#', (pattern, code, hint) => {
    const { problems } = selectHosts(fleet, pattern);

    expect(problems.map((problem) => [problem.code, problem.hint])).toEqual([[code, hint]]);
    expect(problems[0]?.message.length).toBeLessThan(1000);
  });

  it('selects nothing by an empty pattern, where Ansible would select all', () => {
    expect(selectHosts(fleet, ',').hosts).toEqual([]);
  });

  it('stops an expression that backtracks without end', () => {
    const { hosts, problems } = selectHosts(inventoryOf(`all: {hosts: {${'a'.repeat(60)}-: }}\n`), '~(a+)+$');

    expect(hosts).toEqual([]);
    expect(problems[0]?.message).toContain('takes too long');
  });

  it('stops those that come when the time of all is over', () => {
    expect(matchRegex('tim', ['timmy'], { left: 100 })).toEqual(['timmy']);
    expect(matchRegex('tim', ['timmy'], { left: 0 })).toHaveProperty('fault', expect.stringContaining('takes too long'));
  });

  it('matches a glob of many stars in no time', () => {
    const start = processorTime();

    expect(compileGlob('*a'.repeat(100) + 'b')?.('a'.repeat(253))).toBe(false);
    expect(compileGlob('*a'.repeat(100))?.('a'.repeat(253))).toBe(true);
    expect(processorTime() - start).toBeLessThan(1000);
  });

  it.each([
    ['a[!b-d]', 'ae', true],
    ['a[!b-d]', 'ac', false],
    ['a[]x]', 'a]', true],
    ['a[x-]', 'a-', true],
    ['a[^b]', 'a^', true],
    ['A', 'a', false],
    ['a?', 'a', false],
    ['*', '', true],
  ])('matches %s with %s as fnmatch: %s', (glob, name, expected) => {
    expect(compileGlob(glob)?.(name)).toBe(expected);
  });
});

describe('listing', () => {
  it('sorts keys, leaves out empty groups and hosts without variables', () => {
    expect(JSON.stringify(listInventory(inventoryOf('b: {hosts: {y: {z: 1, a: {d: 1, c: 2}}, x: }}\nempty:\n')))).toBe(
      '{"_meta":{"hostvars":{"y":{"a":{"c":2,"d":1},"z":1}}},"all":{"children":["ungrouped","b","empty"]},"b":{"hosts":["y","x"]}}',
    );
  });

  it('knows no host and no group that is not there', () => {
    expect(listHost(fleet, 'nobody')).toBeUndefined();
    expect(graphInventory(fleet, 'nothing')).toBeUndefined();
    expect(listHost(fleet, 'forge.example')).toEqual({ ansible_port: 22 });
    expect(graphInventory(fleet, 'critical')).toBe('@critical:\n  |--timmy\n  |--ezra');
  });

  it('cuts off a graph of groups that double at every level', () => {
    const levels = Array.from(
      { length: 40 },
      (_, level) =>
        `a${level}: {children: {a${level + 1}: , b${level + 1}: }}\nb${level}: {children: {a${level + 1}: , b${level + 1}: }}\n`,
    );

    expect(graphInventory(inventoryOf(levels.join('')), 'a0')).toContain('(cut off)');
  });
});
