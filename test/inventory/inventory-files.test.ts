import { describe, expect, it } from 'vitest';
import { loadInventoryFiles } from '../../src/source/inventory-files.ts';
import { inventoryTree } from './memory-tree.ts';

describe('loadInventoryFiles', () => {
  it('finds nothing in an empty repository', () => {
    expect(loadInventoryFiles(inventoryTree({}))).toEqual({
      inventories: [],
      groupVars: [],
      hostVars: [],
      secrets: [],
      problems: [],
    });
  });

  it('reads inventories in sorted order and skips what Ansible skips', () => {
    const names = [
      'b.yml',
      'a.json',
      'hosts',
      'sub/c.yaml',
      'x.ini',
      'x.cfg',
      'x.md',
      'x.yml~',
      '.x.yml',
      'x.bak',
      'vars_plugins/p.yml',
    ];

    const { inventories, problems } = loadInventoryFiles(inventoryTree(Object.fromEntries(names.map((name) => [name, '{}']))));

    expect(inventories.map(({ file }) => file)).toEqual([
      'inventory/a.json',
      'inventory/b.yml',
      'inventory/hosts',
      'inventory/sub/c.yaml',
    ]);
    expect(problems).toEqual([]);
  });

  it('says that it reads neither scripts nor TOML', () => {
    const { problems } = loadInventoryFiles(inventoryTree({ 'ec2.py': '', 'hosts.toml': '', 'hosts.yml': '{}' }));

    expect(problems.map(({ code, at }) => [code, at?.file])).toEqual([
      ['bad-inventory', 'inventory/ec2.py'],
      ['bad-inventory', 'inventory/hosts.toml'],
    ]);
  });

  it('takes the first of name, name.yml, name.yaml, name.json', () => {
    const files = {
      'group_vars/a.json': '{}',
      'group_vars/a.yaml': '{}',
      'group_vars/b.yml': '{}',
      'group_vars/b/x.yml': '{}',
      'group_vars/c.json': '{}',
      'group_vars/d': '{}',
      'group_vars/d.yml': '{}',
      'host_vars/h.example': '{}',
    };

    const { groupVars, hostVars } = loadInventoryFiles(inventoryTree(files));

    expect(groupVars.map(({ name, at }) => [name, at.file])).toEqual([
      ['a', 'inventory/group_vars/a.yaml'],
      ['b', 'inventory/group_vars/b/x.yml'],
      ['c', 'inventory/group_vars/c.json'],
      ['d', 'inventory/group_vars/d'],
    ]);
    expect(hostVars.map(({ name }) => name)).toEqual(['h.example']);
  });

  it('reads a directory by name at each level, so that a/z comes before a-b', () => {
    const files = {
      'group_vars/g/a/z.yml': '{}',
      'group_vars/g/a-b.yml': '{}',
      'group_vars/g/.x.yml': '{}',
      'group_vars/g/x.yml~': '{}',
    };

    const { groupVars } = loadInventoryFiles(inventoryTree(files));

    expect(groupVars.map(({ at }) => at.file)).toEqual(['inventory/group_vars/g/a/z.yml', 'inventory/group_vars/g/a-b.yml']);
  });

  it.each([
    ['{"big": 1e3, "list": [1.0, 010]}', { big: '1e3', list: [1, 8] }],
    ['{"big": 1e3, "list": [1E2, -2.5e-1], "word": "no", "<<": 1}\n', { big: 1000, list: [100, -0.25], word: 'no', '<<': 1 }],
    ['big: 1e3\nword: no\n', { big: '1e3', word: false }],
  ])('reads %j as JSON only where all of it is', (text, expected) => {
    const { hostVars, problems } = loadInventoryFiles(inventoryTree({ 'host_vars/w.yml': text }));

    expect(problems).toEqual([]);
    expect(hostVars[0]?.open().loaded?.value).toEqual(expected);
  });

  it('passes on what the YAML reader finds wrong', () => {
    const { problems } = loadInventoryFiles(inventoryTree({ 'hosts.yml': 'a: 1\na: 2\n' }));

    expect(problems.map(({ code }) => code)).toEqual(['duplicate-key']);
  });
});
