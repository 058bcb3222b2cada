import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { findTargets } from '../../src/fleet/targets.ts';
import { listHost } from '../../src/inventory/list-inventory.ts';
import { openVault } from '../../src/inventory/open-vault.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { Secret } from '../../src/model/secret.ts';
import { loadInventoryFiles } from '../../src/source/inventory-files.ts';
import { askAnsible, noAnsible } from '../support/ansible.ts';
import { vaultText } from '../support/canaries.ts';
import { inventoryTree } from './memory-tree.ts';

const password = 'pw-of-the-vault';
const hosts = 'g: {hosts: {h: }}\n';
const vaulted = (text: string): string => `${vaultText(text, password)}\n`;
const load = (files: { readonly [path: string]: string }, passwords: readonly string[] = [password]) =>
  loadInventoryFiles(inventoryTree({ 'hosts.yml': hosts, ...files }), openVault(passwords));
const listed = (files: { readonly [path: string]: string }) => listHost(readInventory(load(files)), 'h');

const revealed = (value: unknown): unknown => {
  if (value instanceof Secret) return value.value();
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revealed(member)]));
};

describe('a file of variables that ansible-vault has encrypted as a whole', () => {
  it.skipIf(noAnsible !== undefined)(
    'says what ansible-inventory reads in it',
    () => {
      const files = {
        'hosts.yml': 'g: {hosts: {h: , k: }}\n',
        'group_vars/all/vars.yml': 'a: plain\nb: plain\n',
        'group_vars/all/vault.yml': vaulted(
          'b: sealed\nc: {list: [one, 2, 2.5, yes, ~, 0644, 1_000, "{{ b }}"], t: 12:30}\nd: !unsafe "{{ x }}"\n',
        ),
        'group_vars/g/vault': vaulted('g: "no extension"\nanchor: &a {x: y}\nmerged: {<<: *a, z: 1}\n'),
        'host_vars/h/secrets.json': vaulted('{"b": "of h", "small": 1e-3, "word": "no", "off": false}'),
        'host_vars/k.yaml': vaulted('---\n# nothing but a comment\n'),
      };
      const [answer] = askAnsible([{ files, patterns: [], host: 'h' }], password);

      const inventory = readInventory(load(files));
      const ours = Object.fromEntries([...inventory.variables('h')].map(([name, { value }]) => [name, revealed(value)]));

      expect(answer?.failed).toBeNull();
      expect(ours).toEqual(answer?.host);
      expect([...inventory.problems, ...inventory.problemsOf('h')]).toEqual([]);
    },
    60_000,
  );

  it('shows its names, booleans and structure, and no text or number', () => {
    const text = 'name: canary-a\nport: 5432\non: {yes: true, none: ~, list: [canary-b, 1]}\nraw: !unsafe "{{ canary }}"\n';

    expect(listed({ 'group_vars/g/vault.yml': vaulted(text) })).toEqual({
      name: '<secret>',
      port: '<secret>',
      on: { yes: true, none: null, list: ['<secret>', '<secret>'] },
      raw: { __ansible_unsafe: '<secret>' },
    });
    const { secrets, groupVars } = load({ 'group_vars/g/vault.yml': vaulted(text) });
    expect(secrets).toEqual([]);
    const opened = groupVars.map((file) => file.open());
    expect(secrets.map((secret) => secret.value())).toEqual(['canary-a', 5432, 'canary-b', 1, '{{ canary }}']);
    expect(JSON.stringify(opened) + inspect(opened, { depth: 20 })).not.toMatch(/canary|5432/);
  });

  it('leaves a value that is encrypted once more to who asks for it, and takes no other text for one', () => {
    const inner = vaultText('inner', password).replaceAll('\n', '\n  ');

    expect(
      listed({ 'host_vars/h.yml': vaulted(`a: !vault |\n  ${inner}\nb: !vault canary\nc: {__ansible_vault: canary}\n`) }),
    ).toEqual({
      a: { __ansible_vault: expect.stringMatching(/^\$ANSIBLE_VAULT;/) as string },
      b: { __ansible_vault: '<secret>' },
      c: { __ansible_vault: '<secret>' },
    });
  });

  it.each([
    ['no YAML', 'a: "canary\n', 'yaml-syntax', 1],
    ['a bad escape', 'a: "\\canary"\n', 'yaml-syntax', 1],
    ['a tab', 'a:\n\tcanary: canary\n', 'yaml-syntax', 2],
    ['a second document', 'a: 1\n---\ncanary: 1\n', 'yaml-syntax', 2],
    ['a tag', 'a: !canary canary\n', 'yaml-syntax', 1],
    ['an alias', 'a: *canary\n', 'yaml-syntax', 1],
    ['one key twice', 'ok: canary\ncanary: 1\ncanary: 2\n', 'duplicate-key', 3],
    ['a number with too many digits', 'ok: 1\na: 48151623421080000000000\n', 'wrong-type', 2],
    ['a float that could be printed as another text', 'ok: 1\na: [1, 8.0]\n', 'wrong-type', 2],
    ['too many keys', `canary:\n${'- 1\n'.repeat(32_001)}`, 'too-large', 32_001],
    ['a control character', 'a: canary\nb: \u0007canary\n', 'yaml-syntax', 2],
    ['a list', '- canary\n', 'wrong-type', 1],
    ['a text', 'canary', 'wrong-type', 1],
    ['a number', '4815162342108', 'wrong-type', 1],
  ])('that holds %s is refused where it does, without any of its text', (_title, text, code, line) => {
    const problems = readInventory(load({ 'group_vars/g/vault.yml': vaulted(text) })).problemsOf('h');

    expect(problems.map((problem) => [problem.code, problem.at?.file, problem.at?.line])).toContainEqual([
      code,
      'inventory/group_vars/g/vault.yml',
      line,
    ]);
    expect(problems.map(formatProblem).join('\n') + JSON.stringify(problems)).not.toMatch(/canary|4815/);
  });

  it.each([
    ['no password', [], 'no ansible-vault password is configured on this host'],
    ['another password', ['other'], 'no ansible-vault password of this host fits, or the text was changed'],
  ])('is one problem where there is %s', (_title, passwords, why) => {
    const files = { 'group_vars/g/vault.yml': vaulted('a: 1\nb: 2\n'), 'host_vars/h.yml': vaulted('c: 3\n') };

    const inventory = readInventory(load({ 'hosts.yml': `${hosts}other: {hosts: {o: }}\n`, ...files }, passwords));

    // Hosts of which it says nothing do without.
    expect([...inventory.problems, ...inventory.problemsOf('o')]).toEqual([]);
    const problems = inventory.problemsOf('h');
    expect(problems.map(formatProblem)).toEqual(
      ['group_vars/g/vault.yml', 'host_vars/h.yml'].map((file) => expect.stringContaining(`inventory/${file}:1:1  encrypted by`)),
    );
    for (const { message, hint } of problems) {
      expect(message).toContain(why);
      expect(hint).toContain('RECONCILE_VAULT_PASSWORD_FILE');
    }
  });

  it('is no inventory', () => {
    const { problems } = load({ 'hosts.yml': vaulted(hosts) });

    expect(problems).toMatchObject([{ code: 'bad-inventory', at: { file: 'inventory/hosts.yml', line: 1 } }]);
  });

  it('holds no more secrets than can be looked for, and is decrypted no more often than is bearable', () => {
    const many = `list:\n${'- canary\n'.repeat(6_000)}`;
    const { groupVars, secrets } = load({ 'group_vars/all/a.yml': vaulted(many), 'group_vars/all/b.yml': vaulted(many) });
    expect(groupVars.flatMap((file) => file.open().problems)).toMatchObject([
      { code: 'too-large', at: { file: 'inventory/group_vars/all/b.yml' } },
    ]);
    expect(secrets).toHaveLength(6_000);

    const vault = openVault([]);
    const texts = Array.from({ length: 1_001 }, (_, index) => vault(`${index}`));
    expect(texts.at(-2)).toEqual({ unreadable: expect.stringContaining('not an ansible-vault text') as string });
    expect(texts.at(-1)).toEqual({ unreadable: expect.stringContaining('more than 1000') as string });
  });

  it.each([
    ['a whole file', vaulted('ansible_host: canary.example\nansible_become_password: canary\nansible_become: yes\n')],
    ['a value', `ansible_host: !vault |\n  ${vaultText('canary.example', password).replaceAll('\n', '\n  ')}\n`],
  ])('cannot say how a host is reached: %s', async (_title, text) => {
    const { targets, problems } = await findTargets(readInventory(load({ 'host_vars/h.yml': text })), 'all');

    expect(problems).toEqual([]);
    expect(targets[0]?.problems?.map(({ code, message }) => [code, message])).toEqual([
      ['secret-not-allowed', '"ansible_host" of h is encrypted by ansible-vault; how a host is reached is no secret here'],
    ]);
  });
});
