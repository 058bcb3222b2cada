import { badCase, casesOf, slug, type BadCase } from './bad-case.ts';

const hosts = 'inventory/hosts.yml';
const good = 'all:\n  children:\n    wizards:\n      hosts:\n        alpha:\n        beta:\n';
/** A variable file for the group `all`, which comes first, so that a batch can hold many. */
const variables = (name: string, codes: string, text: string): BadCase =>
  badCase(name, codes, { [`inventory/group_vars/all/${slug(name)}.yml`]: text });

/** inventory/: hosts, groups, variables. */
export const inventoryCases: readonly BadCase[] = [
  ...casesOf(hosts, {}, [
    ['an inventory that is a list', 'bad-inventory', '¦- alpha\n'],
    ['an inventory that is a text', 'bad-inventory', '¦alpha\n'],
    ['an INI inventory', 'bad-inventory', '¦[wizards]\nalpha\n'],
    ['an INI inventory that begins with comments', 'bad-inventory', '¦# who\n\n; and what\n[all:vars]\na=1\n'],
    ['an inventory plugin', 'bad-inventory', '¦plugin: constructed\n'],
    ['a group that is a list', 'bad-inventory', 'all:\n  children:\n    ¦wizards: [alpha]\n'],
    ['a group that is a text', 'bad-inventory', '¦all: alpha\n'],
    ['an unknown key in a group', 'unknown-key', 'all:\n  ¦host: {alpha: }\n'],
    ['hosts as a list', 'bad-inventory', 'all:\n  ¦hosts: [alpha]\n'],
    ['hosts as a number', 'bad-inventory', 'all:\n  ¦hosts: 3\n'],
    ['children as a list', 'bad-inventory', 'all:\n  hosts: {alpha: }\n  ¦children: [wizards]\n'],
    ['variables of a group as a list', 'bad-inventory', 'all:\n  hosts: {alpha: }\n  ¦vars: [a]\n'],
    ['variables of a host as a list', 'bad-inventory', 'all:\n  hosts:\n    ¦alpha: [a]\n'],
    ['variables of a host as a text', 'bad-inventory', 'all:\n  hosts:\n    ¦alpha: x\n'],
    ['a host name with a slash', 'bad-host-name', 'all:\n  hosts:\n    ¦a/b:\n'],
    ['a host name that climbs', 'bad-host-name', 'all:\n  hosts:\n    ¦a..b:\n'],
    ['a host name like an option', 'bad-host-name', 'all:\n  hosts:\n    ¦-oProxyCommand=x:\n'],
    ['a host name with a blank', 'bad-host-name', 'all:\n  hosts:\n    ¦"a b":\n'],
    ['a host name with a line break', 'bad-host-name', 'all:\n  hosts:\n    ¦"a\\nb":\n'],
    ['a host name with a NUL', 'bad-host-name', 'all:\n  hosts:\n    ¦"a\\0b":\n'],
    ['a host name with a shell word', 'bad-host-name', 'all:\n  hosts:\n    ¦"$(id)":\n'],
    ['a host name with a colour', 'bad-host-name', 'all:\n  hosts:\n    ¦"a\\eb":\n'],
    ['an empty host name', 'bad-host-name', 'all:\n  hosts:\n    ¦"":\n'],
    ['a host name of 300 characters', 'bad-host-name', `all:\n  hosts:\n    ¦${'a'.repeat(300)}:\n`],
    ['a group name with a slash', 'bad-host-name', 'all:\n  children:\n    ¦a/b:\n'],
    ['a group name that climbs', 'bad-host-name', 'all:\n  children:\n    ¦..:\n'],
    ['an empty group name', 'bad-host-name', 'all:\n  children:\n    ¦"":\n'],
    ['a range that is open', 'bad-inventory', 'all:\n  hosts:\n    ¦"web[1:3":\n'],
    ['a range that runs backwards', 'bad-inventory', 'all:\n  hosts:\n    ¦"web[9:1]":\n'],
    ['a range of 1,000,000 hosts', 'bad-inventory', 'all:\n  hosts:\n    ¦"web[1:1000000]":\n'],
    ['ranges that multiply', 'bad-inventory', 'all:\n  hosts:\n    ¦"w[1:999][1:999][1:999]":\n'],
    ['a group that contains itself', 'cycle', 'all:\n  children:\n    a:\n      children:\n        ¦a:\n'],
    ['groups that contain each other', 'cycle', 'all:\n  hosts: {alpha: }\na:\n  children:\n    b:\nb:\n  children:\n    ¦a:\n'],
    ['all inside a group', 'cycle', 'a:\n  hosts: {alpha: }\n  children:\n    ¦all:\n'],
    ['a priority that is no number', 'wrong-type', 'all:\n  hosts: {alpha: }\n  vars:\n    ¦ansible_group_priority: high\n'],
    ['a duplicate host', 'duplicate-key', 'all:\n  hosts:\n    alpha:\n    ¦alpha:\n'],
    ['a duplicate group', 'duplicate-key', 'all:\n  hosts: {alpha: }\n¦all:\n'],
    ['a custom tag in the inventory', 'yaml-syntax', 'all:\n  hosts: {alpha: }\n  vars:\n    a: !lookup ¦x\n'],
    ['a merge of a text', 'wrong-type', 'all:\n  hosts:\n    alpha: {¦<<: x}\n'],
    ['a merge of nobody', 'wrong-type yaml-syntax', 'all:\n  hosts:\n    alpha: {¦<<: ¦*x}\n'],
    [
      'an alias bomb in the inventory',
      'too-large',
      `all:\n  hosts: {alpha: }\n  vars:\n    a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcde']
        .map((name, i) => `    ${name}: &${name} ${name === 'e' ? '¦' : ''}[${Array(10).fill(`*${'abcd'[i]}`).join()}]\n`)
        .join('')}`,
    ],
    ['two documents in the inventory', 'yaml-syntax', 'all:\n  hosts: {alpha: }\n¦---\nall:\n'],
  ]),
  variables('variables that are a list', 'wrong-type', '¦- a\n'),
  variables('variables that are a text', 'wrong-type', '¦hello\n'),
  variables('variables with a tab', 'yaml-syntax', 'a:\n¦\tb: 1\n'),
  variables('variables with a duplicate', 'duplicate-key', 'a: 1\n¦a: 2\n'),
  variables('variables with __proto__', 'unknown-key', '¦__proto__: {polluted: true}\n'),
  variables('variables with an open quote', 'yaml-syntax', 'a: ¦"x\nb: 1\n'),
  variables('variables with a Python tag', 'yaml-syntax', 'a: !!python/name:os.system ¦""\n'),
  variables('a number in variables with too many digits', 'wrong-type', 'chat_id: ¦-10000000000000000001\n'),
  badCase('variables of an unknown group', 'unknown-group', { [hosts]: good, 'inventory/group_vars/wizzards.yml': '¦a: 1\n' }),
  badCase('variables of an unknown host', 'unknown-host', { [hosts]: good, 'inventory/host_vars/gamma.yml': '¦a: 1\n' }),
  badCase('an encrypted file of variables', 'secret-unreadable', {
    [hosts]: good,
    'inventory/group_vars/wizards.yml': '¦$ANSIBLE_VAULT;1.1;AES256\n3133\n',
  }),
  badCase('an encrypted inventory', 'bad-inventory', { [hosts]: '¦$ANSIBLE_VAULT;1.1;AES256\n3133\n' }),
  badCase('an inventory script', 'bad-inventory', { [hosts]: good, 'inventory/dynamic.py': '¦#!/usr/bin/env python3\n' }),
];
