import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';

let source: string;
beforeAll(() => {
  source = mkdtempSync(join(tmpdir(), 'inventory-'));
  mkdirSync(join(source, 'desired-state'));
  mkdirSync(join(source, 'inventory/group_vars'), { recursive: true });
  writeFileSync(join(source, 'desired-state/site.yaml'), 'assignments: []\n');
  writeFileSync(
    join(source, 'inventory/hosts.yml'),
    'all:\n  children:\n    web:\n      hosts:\n        web1:\n        web2: { port: 81 }\n    db:\n      hosts:\n        db1:\n',
  );
  writeFileSync(join(source, 'inventory/group_vars/web.yml'), 'port: 80\n');
});
afterAll(() => rmSync(source, { recursive: true }));

const inventory = (...args: readonly string[]) => runCli(['inventory', ...args], { cwd: source });

describe('inventory', () => {
  it('--list prints groups and variables as ansible-inventory does', () => {
    const { exit, stdout } = inventory('--list');

    expect(JSON.parse(stdout)).toEqual({
      _meta: { hostvars: { web1: { port: 80 }, web2: { port: 81 } } },
      all: { children: ['ungrouped', 'web', 'db'] },
      web: { hosts: ['web1', 'web2'] },
      db: { hosts: ['db1'] },
    });
    expect(exit).toBe(0);
  });

  it('--list PATTERN keeps the selected hosts only', () => {
    expect(JSON.parse(inventory('--list', 'all:!web1').stdout)).toEqual({
      _meta: { hostvars: { web2: { port: 81 } } },
      all: { children: ['web', 'db'] },
      web: { hosts: ['web2'] },
      db: { hosts: ['db1'] },
    });
  });

  it('--host prints the variables of one host', () => {
    expect(JSON.parse(inventory('--host', 'web2').stdout)).toEqual({ port: 81 });
  });

  it('--graph draws a group, or the groups of the hosts that a pattern selects', () => {
    expect(inventory('--graph', 'web').stdout).toBe('@web:\n  |--web1\n  |--web2\n');
    expect(inventory('--graph', 'web:&web1').stdout).toBe('@all:\n  |--@web:\n  |  |--web1\n');
  });

  it('takes the lines of a file for a pattern that begins with "@"', () => {
    writeFileSync(join(source, 'limit'), 'web2\n\n  d*\r\n');
    writeFileSync(join(source, 'many'), `${'web2\n'.repeat(300)}nobody\n`);
    writeFileSync(join(source, 'none'), '\n');
    const drawn = inventory('--graph', '@limit,web1,!web2');
    const refusals = ['@many', '@none', '@nothing'].map((pattern) => inventory('--graph', pattern));

    expect(drawn.stdout).toBe('@all:\n  |--@web:\n  |  |--web1\n  |--@db:\n  |  |--db1\n');
    expect(refusals.map(({ exit, stderr }) => [exit, stderr.split('\n')[0]])).toEqual([
      [64, 'reconcile: the inventory has no group or host "nobody"'],
      [64, 'reconcile: none names no host'],
      [64, 'reconcile: no such file: nothing'],
    ]);
  });

  it.each([
    [['--host', 'web3'], 'did you mean web1?'],
    [['--graph', 'wbe'], 'web'],
    [[], '--list, --host NAME, --graph'],
    [['--list', '--graph'], '--list, --host NAME, --graph'],
  ])('%j exits 64 and names what would be right', (args, hint) => {
    const { exit, stdout, stderr } = inventory(...args);

    expect(stderr).toContain(hint);
    expect(stdout).toBe('');
    expect(exit).toBe(64);
  });

  it('lists problems as file:line:column and exits 65', () => {
    const broken = mkdtempSync(join(tmpdir(), 'inventory-broken-'));
    try {
      cpSync(source, broken, { recursive: true });
      writeFileSync(join(broken, 'inventory/hosts.yml'), 'all:\n  hosts:\n    a b:\n');

      const { exit, stderr } = runCli(['inventory', '--graph', '--source', broken]);

      expect(stderr).toMatch(/inventory\/hosts\.yml:3:5 /);
      expect(exit).toBe(65);
    } finally {
      rmSync(broken, { recursive: true });
    }
  });

  it('validate leaves variables that it cannot decrypt to the hosts, and says so', () => {
    const vaulted = mkdtempSync(join(tmpdir(), 'inventory-vaulted-'));
    try {
      cpSync(source, vaulted, { recursive: true });
      mkdirSync(join(vaulted, 'inventory/group_vars/all'));
      writeFileSync(join(vaulted, 'inventory/group_vars/all/vault.yml'), '$ANSIBLE_VAULT;1.1;AES256\n3132\n');

      const { exit, stderr } = runCli(['validate', '--source', vaulted]);

      expect(stderr).toContain('3 uses of secrets cannot be decrypted here; each host checks its own');
      expect(exit).toBe(0);
    } finally {
      rmSync(vaulted, { recursive: true });
    }
  });

  it.each([[['validate']], [['fleet', 'check']]])('%j says how an INI inventory becomes one that is read', (args) => {
    const ini = mkdtempSync(join(tmpdir(), 'inventory-ini-'));
    try {
      cpSync(source, ini, { recursive: true });
      rmSync(join(ini, 'inventory'), { recursive: true });
      mkdirSync(join(ini, 'inventory'));
      writeFileSync(join(ini, 'inventory/hosts.ini'), '[web]\nweb1\n');

      const { exit, stdout, stderr } = runCli([...args, '--source', ini], { env: { HOME: ini } });

      expect(stdout + stderr).toContain(
        'the repository has no inventory; `ANSIBLE_VARS_ENABLED=none ansible-inventory -i inventory/hosts.ini --list',
      );
      expect(exit).toBe(65);
    } finally {
      rmSync(ini, { recursive: true });
    }
  });
});
