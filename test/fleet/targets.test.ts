import { describe, expect, it } from 'vitest';
import { findTargets } from '../../src/fleet/targets.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { loadInventoryFiles } from '../../src/source/inventory-files.ts';
import { inventoryTree } from '../inventory/memory-tree.ts';

const found = async (hosts: string, pattern = 'all') =>
  await findTargets(readInventory(loadInventoryFiles(inventoryTree({ 'hosts.yml': hosts }))), pattern);
/** One host `a` with these variables. */
const withVariables = (...lines: readonly string[]) =>
  found(`all:\n  hosts:\n    a:\n${lines.map((line) => `      ${line}\n`).join('')}`);

describe('targets', () => {
  it('a host without variables is reached by its name, as the user configuration says', async () => {
    expect((await found('all:\n  hosts: {web1.example: , web2: }\n', 'web*')).targets).toEqual(
      ['web1.example', 'web2'].map((name) => ({
        name,
        address: name,
        port: undefined,
        user: undefined,
        identity: undefined,
        sshOptions: [],
        become: false,
      })),
    );
  });

  it('connection variables of all layers count, old names too', async () => {
    const { targets, problems } = await withVariables(
      'ansible_host: 192.0.2.7',
      'ansible_port: "2222"',
      'ansible_ssh_user: deploy',
      'ansible_ssh_private_key_file: ~/.ssh/deploy key',
      'ansible_ssh_common_args: -J bastion -o ConnectTimeout=5',
      'ansible_ssh_extra_args: "-o IdentitiesOnly=yes"',
      'ansible_become: "yes"',
    );

    expect(problems).toEqual([]);
    expect(targets).toEqual([
      {
        name: 'a',
        address: '192.0.2.7',
        port: 2222,
        user: 'deploy',
        identity: '~/.ssh/deploy key',
        sshOptions: ['-o', 'ProxyJump=bastion', '-o', 'ConnectTimeout=5', '-o', 'IdentitiesOnly=yes'],
        become: true,
      },
    ]);
  });

  it('a port behind the name is its port', async () => {
    expect((await found('all:\n  hosts: {"web1:2222": }\n')).targets).toMatchObject([{ name: 'web1', port: 2222 }]);
  });

  it.each([
    ['ansible_host: -oProxyCommand=touch$IFS/tmp/x', 'wrong-type'],
    ['ansible_host: "a b"', 'wrong-type'],
    ['ansible_host: "a\\nb"', 'wrong-type'],
    ['ansible_host: "$(id)"', 'wrong-type'],
    [`ansible_host: ${'a'.repeat(300)}`, 'wrong-type'],
    ['ansible_host: 7', 'wrong-type'],
    ['ansible_port: 0', 'wrong-type'],
    ['ansible_port: 65536', 'wrong-type'],
    ['ansible_port: 22; id', 'wrong-type'],
    ['ansible_user: -oProxyCommand=x', 'wrong-type'],
    ['ansible_user: "a b"', 'wrong-type'],
    ['ansible_ssh_private_key_file: -oProxyCommand=x', 'wrong-type'],
    ['ansible_host: "{{ lookup_address }}"', 'undefined-variable'],
    ['ansible_host: "{{ facts.hostname }}"', 'unknown-fact'],
    ['ansible_host: "{{ ansible_host }}"', 'cycle'],
    ['ansible_host: "{{ revision.short }}"', 'undefined-variable'],
    [`ansible_host: "{{ '-oProxyCommand=x' }}"`, 'wrong-type'],
    [`ansible_ssh_common_args: "-o {{ 'Proxy' }}Command=x"`, 'unsafe-option'],
    ['ansible_become: perhaps', 'wrong-type'],
    ['ansible_become_method: su', 'wrong-type'],
    ['ansible_become_user: postgres', 'wrong-type'],
    ['ansible_ssh_common_args: -o ProxyCommand="touch /tmp/x"', 'unsafe-option'],
    ['ansible_ssh_common_args: -oproxycommand=x', 'unsafe-option'],
    ['ansible_ssh_common_args: "-o \'ProxyCommand x\'"', 'unsafe-option'],
    ['ansible_ssh_common_args: -o LocalCommand=x -o PermitLocalCommand=yes', 'unsafe-option'],
    ['ansible_ssh_common_args: -F /tmp/config', 'unsafe-option'],
    ['ansible_ssh_common_args: -o Include=/tmp/config', 'unsafe-option'],
    ['ansible_ssh_common_args: -o Match=exec', 'unsafe-option'],
    ['ansible_ssh_common_args: -o KnownHostsCommand=x', 'unsafe-option'],
    ['ansible_ssh_common_args: -o PKCS11Provider=/tmp/x.so', 'unsafe-option'],
    ['ansible_ssh_common_args: -o SecurityKeyProvider=/tmp/x.so', 'unsafe-option'],
    ['ansible_ssh_common_args: -I /tmp/x.so', 'unsafe-option'],
    ['ansible_ssh_common_args: -o IdentityAgent=/tmp/agent', 'unsafe-option'],
    ['ansible_ssh_common_args: -L 80:a:80', 'unsafe-option'],
    ['ansible_ssh_common_args: -J "-oProxyCommand=x"', 'unsafe-option'],
    ['ansible_ssh_common_args: -J "a;id"', 'unsafe-option'],
    ['ansible_ssh_common_args: -o User=-x', 'unsafe-option'],
    ['ansible_ssh_common_args: other.example', 'unsafe-option'],
    ['ansible_ssh_common_args: "-o \\"Port=22"', 'unsafe-option'],
    ['ansible_ssh_common_args: -o', 'unsafe-option'],
  ])('%s is refused at its place', async (line, code) => {
    const { targets, problems: told } = await withVariables(line);
    const problems = targets[0]?.problems ?? [];

    expect(told).toEqual([]);
    expect(problems.map((problem) => [problem.code, problem.at?.file, problem.at?.line])).toEqual(
      problems.map(() => [code, 'inventory/hosts.yml', 4]),
    );
    expect(problems.length).toBeGreaterThan(0);
  });

  it.each([
    ['-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null', []],
    ['-C -o ControlMaster=auto -o ControlPersist=60s -o ControlPath=/tmp/%h -A -o ForwardAgent=yes -q', []],
    ['-F /dev/null', []],
    ['-p2222 -l deploy', ['-o', 'Port=2222', '-o', 'User=deploy']],
    [`-o 'ProxyJump = a@b:22,[2001:db8::1]:23'`, ['-o', 'ProxyJump=a@b:22,[2001:db8::1]:23']],
    ['-i "my key"', ['-o', 'IdentityFile="my key"']],
  ])('of %s only what says where and who is taken', async (args, options) => {
    const { targets, problems } = await withVariables(`ansible_ssh_common_args: ${JSON.stringify(args)}`);

    expect(problems).toEqual([]);
    expect(targets[0]?.sshOptions).toEqual(options);
  });

  it('a problem names file, line and column, and what to do', async () => {
    const { targets } = await withVariables('ansible_ssh_common_args: -o ProxyCommand=x');

    expect(targets[0]?.problems?.map(formatProblem)).toEqual([
      'inventory/hosts.yml:4:32  "ansible_ssh_common_args" of a: "ProxyCommand" is not taken from a repository; ' +
        'ProxyJump (-J) goes through another SSH host; anything else belongs into ~/.ssh/config',
    ]);
  });

  it('connection variables are templates of what every machine knows', async () => {
    const { targets, problems } = await withVariables(
      'base: 2200',
      'who: "{{ group_names | length }}-deploy"',
      'ansible_host: "{{ inventory_hostname }}.example"',
      'ansible_port: "{{ base + 22 }}"',
      'ansible_user: "u{{ hostvars.a.who }}"',
      'ansible_ssh_common_args: "-J {{ groups.all[0] }}.example"',
      'ansible_become: "{% if base > 1 %}yes{% endif %}"',
      'ansible_ssh_private_key_file: "{{ none }}"',
    );

    expect(problems).toEqual([]);
    expect(targets).toEqual([
      {
        name: 'a',
        address: 'a.example',
        port: 2222,
        user: 'u1-deploy',
        identity: undefined,
        sshOptions: ['-o', 'ProxyJump=a.example'],
        become: true,
      },
    ]);
  });

  it('a template of what is encrypted cannot say how a host is reached', async () => {
    const { targets } = await withVariables('ansible_host: "{{ hidden }}"', 'hidden: !vault "$ANSIBLE_VAULT;1.1;AES256"');

    expect(targets[0]?.problems).toMatchObject([{ code: 'secret-not-allowed', at: { line: 4 } }]);
  });

  it('a name that cannot be one is selected with its problem, and can be left out', async () => {
    const hosts = 'web:\n  hosts:\n    a:\n    -oProxyCommand=x:\nother: {hosts: {b: }}\nmore: {hosts: {-oProxyCommand=x: }}\n';
    const { problems: told, misnamed } = readInventory(loadInventoryFiles(inventoryTree({ 'hosts.yml': hosts })));

    expect(told).toEqual([...misnamed.values()]);

    expect((await found(hosts, 'web')).targets.map(({ name, problems }) => [name, problems?.[0]?.code])).toEqual([
      ['a', undefined],
      ['-oProxyCommand=x', 'bad-host-name'],
    ]);
    expect((await found(hosts, 'other')).targets).toMatchObject([{ name: 'b' }]);
    expect((await found(hosts, 'all:!-oProxy*')).targets.map(({ name }) => name).sort()).toEqual(['a', 'b']);
  });

  it('one bad host does not hide another, and a pattern that selects nobody is told', async () => {
    const { targets, problems } = await found('all:\n  hosts:\n    a: {ansible_port: x}\n    b:\n    c: {ansible_host: "-x"}\n');
    expect(problems).toEqual([]);
    expect(targets.map(({ name, problems: own }) => [name, own?.length])).toEqual([
      ['a', 1],
      ['b', undefined],
      ['c', 1],
    ]);
    expect((await found('all:\n  hosts: {a: }\n', 'nobody')).problems).toMatchObject([{ code: 'unknown-group' }]);
  });
});
