import { describe, expect, it } from 'vitest';
import { hostsInGroup } from '../../src/inventory/group-hosts.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { loadInventoryFiles } from '../../src/source/inventory-files.ts';
import { inventoryTree } from './memory-tree.ts';
import { processorTime } from '../support/processor-time.ts';

const read = (files: { readonly [path: string]: string }) => readInventory(loadInventoryFiles(inventoryTree(files)));
const problemsOf = (hosts: string) => read({ 'hosts.yml': hosts }).problems;

describe('readInventory', () => {
  it('names the layer and the place of every value', () => {
    const inventory = read({
      'hosts.yml':
        'all:\n  vars:\n    a: 1\n    c: 1\nwizards:\n  hosts:\n    allegro:\n      b: 2\n  vars:\n    c: 2\n    d: 2\n',
      'group_vars/wizards.yml': '# note\nd: 3\n',
    });

    const found = [...inventory.variables('allegro')].map(([name, { value, layer, at }]) => [
      name,
      value,
      layer,
      at.line,
      at.column,
    ]);

    expect(found).toEqual([
      ['a', 1, 'inventory/hosts.yml (group all)', 3, 8],
      ['c', 2, 'inventory/hosts.yml (group wizards)', 10, 8],
      ['d', 3, 'inventory/group_vars/wizards.yml', 2, 4],
      ['b', 2, 'inventory/hosts.yml (host allegro)', 8, 10],
    ]);
  });

  it('knows the groups of a host, without all and sorted', () => {
    const inventory = read({
      'hosts.yml': 'z: {children: {m: }}\nm: {hosts: {h: }}\nb: {hosts: {h: }}\nall: {hosts: {lone: }}\n',
    });

    expect(inventory.groupNames('h')).toEqual(['b', 'm', 'z']);
    expect(inventory.groupNames('lone')).toEqual(['ungrouped']);
    expect(inventory.groupNames('nobody')).toEqual([]);
    expect(inventory.variables('nobody').size).toBe(0);
    expect(hostsInGroup(inventory, 'all')).toEqual(['lone', 'h']);
    expect(hostsInGroup(inventory, 'nothing')).toEqual([]);
  });

  it.each([
    ['-oProxyCommand=touch x', 'bad-host-name'],
    ['../../etc/x', 'bad-host-name'],
    ['a..b', 'bad-host-name'],
    ['/chroot', 'bad-host-name'],
    ['a b', 'bad-host-name'],
    ['a\\tb', 'bad-host-name'],
    ['a\\nb', 'bad-host-name'],
    ['a\\e[31mb', 'bad-inventory'],
    ['a\\e', 'bad-host-name'],
    ['rtl\\u202Ex', 'bad-host-name'],
    ['h\\u0430st', 'bad-host-name'],
    ['$(id)', 'bad-host-name'],
    ['{{ x }}', 'bad-host-name'],
    ['a;b', 'bad-host-name'],
    ['', 'bad-host-name'],
    ['_x', 'bad-host-name'],
    ['a:b', 'bad-host-name'],
    ['a:70000000', 'bad-host-name'],
    ['a'.repeat(254), 'bad-host-name'],
    ['__proto__', 'unknown-key'],
    ['x[1:', 'bad-inventory'],
    ['x1]', 'bad-inventory'],
    ['x[a:9]', 'bad-inventory'],
    ['x[3:1]', 'bad-inventory'],
    ['x[1:2000000000]', 'bad-inventory'],
    ['x[1:1000][1:1000]', 'bad-inventory'],
  ])('refuses the host key "%s" and reads the others', (key, code) => {
    const inventory = read({ 'hosts.yml': `all:\n  hosts:\n    before:\n    "${key}": {v: 1}\n    after:\n` });

    expect(inventory.hosts).toEqual(['before', 'after']);
    expect([...inventory.groups.values()].flatMap(({ hosts }) => hosts)).not.toContain(key);
    expect(inventory.misnamed.size).toBe(code === 'bad-host-name' ? 1 : 0);
    expect(inventory.problems.map(({ code: found }) => found)).toEqual([code]);
    expect(inventory.problems[0]?.at).toMatchObject({ file: 'inventory/hosts.yml', line: 4, column: 5 });
    expect(inventory.problems[0]?.message).not.toMatch(/\p{Cc}/u);
  });

  it('refuses a host key of more ranges than can be read', () => {
    const inventory = read({ 'hosts.yml': `all:\n  hosts:\n    before:\n    ? "${'a[0:0]'.repeat(50_000)}"\n    : {}\n` });

    expect(inventory.hosts).toEqual(['before']);
    expect(inventory.problems).toMatchObject([{ code: 'bad-inventory' }]);
  });

  it.each(['../x', '-x', '__proto__', '__class__', 'a/b', ' x', 'a\\nb'])('refuses the group name "%s"', (name) => {
    const inventory = read({ 'hosts.yml': `ok: {hosts: {h: }}\n"${name}": {hosts: {k: }}\n` });

    expect([...inventory.groups.keys()]).toEqual(['all', 'ungrouped', 'ok']);
    expect(inventory.problems).toHaveLength(1);
    expect(({} as { hosts?: unknown }).hosts).toBeUndefined();
  });

  it('keeps the names of object members as ordinary names', () => {
    const inventory = read({ 'hosts.yml': 'constructor: {hosts: {toString: {valueOf: 1}}}\n' });

    expect(inventory.problems).toEqual([]);
    expect(inventory.variables('toString').get('valueOf')?.value).toBe(1);
    expect(inventory.variables('toString').get('constructor')).toBeUndefined();
    expect(inventory.groupNames('hasOwnProperty')).toEqual([]);
  });

  it('shows a circle of groups as its path', () => {
    expect(problemsOf('a:\n  children:\n    b:\nb:\n  children:\n    c:\nc:\n  children:\n    a:\n').map(formatProblem)).toEqual([
      'inventory/hosts.yml:9:5  the group "a" would contain itself: a > b > c > a',
    ]);
    expect(problemsOf('a: {children: {a: }}\n')[0]?.message).toContain('a > a');
    expect(problemsOf('a: {children: {all: }}\n')[0]?.message).toContain('all > a > all');
  });

  it.each([
    ['web:\n  hsots: {a: }\n', 'inventory/hosts.yml:2:3  unknown key "hsots" in the group "web"; did you mean "hosts"?'],
    ['web:\n  hosts: [a]\n', 'inventory/hosts.yml:2:3  "hosts" of the group "web" is a list; expected a mapping'],
    ['web: text\n', 'inventory/hosts.yml:1:1  the group "web" is not a mapping; expected "hosts", "vars" and "children" in it'],
    ['web:\n  hosts:\n    a: text\n', 'inventory/hosts.yml:3:5  the variables of "a" are a text; expected a mapping'],
    ['- a\n', 'inventory/hosts.yml:1:1  the inventory is a list; expected a mapping of groups; INI inventories are not read'],
    [
      'plugin: aws_ec2\n',
      'inventory/hosts.yml:1:1  the configuration of an inventory plugin; only static YAML inventories are read',
    ],
    ['g:\n  vars:\n    ansible_group_priority: high\n', 'inventory/hosts.yml:3:5  ansible_group_priority is not a number'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(problemsOf(text).map(formatProblem)).toEqual([problem]);
  });

  it('names the nearest host or group for variable files that belong to nobody', () => {
    const { problems } = read({
      'hosts.yml': 'wizards: {hosts: {allegro: }}\n',
      'group_vars/wizard.yml': 'a: 1\n',
      'host_vars/alegro.yml': '[1]\n',
    });

    expect(problems.map(formatProblem)).toEqual([
      'inventory/host_vars/alegro.yml:1:1  variables that are not a mapping',
      'inventory/group_vars/wizard.yml:1:1  variables of "wizard", but the inventory has no group of that name; did you mean "wizards"?',
      'inventory/host_vars/alegro.yml:1:1  variables of "alegro", but the inventory has no host of that name; did you mean "allegro"?',
    ]);
  });

  it('tells of a host that Ansible loses because a group has its name', () => {
    const { problems } = read({ 'hosts.yml': 'all: {hosts: {forge: }}\nforge: {hosts: {other: }}\n' });

    expect(problems.map(({ code, message }) => [code, message.includes('"forge"')])).toEqual([['bad-inventory', true]]);
  });

  it('reads 50,000 hosts from ranges in under two seconds', () => {
    const start = processorTime();
    const inventory = read({ 'hosts.yml': 'web:\n  hosts:\n    "w[00001:50000].example": {v: 1}\n  vars: {a: 1}\n' });

    const last = inventory.variables('w50000.example');

    expect(inventory.hosts).toHaveLength(50_000);
    expect([...last.keys()]).toEqual(['a', 'v']);
    expect(processorTime() - start).toBeLessThan(2000);
  });

  it('reads one file with 5,000 hosts, three variables each, in two groups', () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `node-${index}.example`);
    const hosts = names.map(
      (name, index) => `    ${name}:\n      ansible_host: 192.0.2.${index % 250}\n      site: north\n      rack: r${index}\n`,
    );
    const members = names.map((name) => `      ${name}:\n`).join('');

    const { hosts: found, problems } = read({
      'hosts.yml': `all:\n  hosts:\n${hosts.join('')}web:\n  hosts:\n${members}north:\n  hosts:\n${members}`,
    });

    expect(problems).toEqual([]);
    expect(found).toEqual(names);
  });

  it('stops at a bounded number of hosts named over and over', () => {
    const groups = Array.from({ length: 20 }, (_, index) => `g${index}: {hosts: {"w[1:50000]": {a: 1}}}\n`).join('');

    expect(problemsOf(groups).map(({ code }) => code)).toContain('too-large');
  });
});
