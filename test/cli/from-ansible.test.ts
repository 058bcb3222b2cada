import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noAnsible } from '../support/ansible.ts';
import { makeRepository } from '../support/repository.ts';

const ansible = {
  'site.yml': '- { hosts: web, roles: [web] }\n',
  'group_vars/web.yml': 'port: 80\n',
  'inventory/production/group_vars/web.yml': 'port: 80\n',
  'roles/web/tasks/main.yml': '- name: install\n  apt: { name: nginx }\n',
  'roles/web/defaults/main.yml': 'port: 80\n',
};
const role = 'summary: x\nresources: [{ kind: file, path: /etc/x, content: "{{ port }}" }]\n';

it('validate names what Ansible would read and nothing here does, which is no problem', () => {
  using repository = makeRepository('- { kind: file, path: /etc/motd, content: x }', ansible);
  repository.write('roles/web/role.yaml', role);

  const { exit, stdout, stderr } = repository.cli('validate');

  expect(stderr).toBe(
    'not read: group_vars, inventory/production/group_vars; variables are taken from inventory/group_vars and inventory/host_vars\n' +
      'not read: site.yml, roles/web/defaults, roles/web/tasks; what Ansible does by these is said in role.yaml and desired-state/site.yaml here\n',
  );
  expect([exit, stdout]).toEqual([0, 'Valid, 1 host compiled\n']);
});

it('validate names an inventory beside inventory/', () => {
  using repository = makeRepository('- { kind: file, path: /etc/motd, content: x }', { 'hosts.ini': '[web]\nweb1\n' });

  expect(repository.cli('validate').stderr).toBe(
    'not read: hosts.ini; the inventory stands in inventory/; ' +
      '`ANSIBLE_VARS_ENABLED=none ansible-inventory -i FILE --list --yaml --export` writes one as YAML\n',
  );
});

it.skipIf(noAnsible !== undefined)(
  'what makes YAML of an inventory takes no secret out of a file that ansible-vault has encrypted',
  () => {
    const ini = { 'inventory/hosts.ini': '[web]\nweb1\n', '../vault.txt': 'password\n' };
    using repository = makeRepository('- { kind: file, path: /etc/motd, content: x }', ini);
    rmSync(join(repository.path, 'inventory/hosts.yml'));
    const told = /`(\S+ ansible-inventory .*?)`/.exec(repository.cli('validate').stdout)![1]!;
    repository.write('inventory/group_vars/web.yml', 'token: s3cret-s3cret\n');
    const env = { ...process.env, ANSIBLE_VAULT_PASSWORD_FILE: join(repository.path, '../vault.txt') };
    const run = (command: string) => execFileSync('sh', ['-c', command], { cwd: repository.path, env, stdio: 'pipe' });
    run('ansible-vault encrypt inventory/group_vars/web.yml');

    run(told);

    const made = readFileSync(join(repository.path, 'inventory/hosts.yml'), 'utf8');
    expect(made).toContain('web1');
    expect(made).not.toContain('s3cret-s3cret');
  },
);

it('validate says of a role that has only tasks what to write', () => {
  using repository = makeRepository('- { kind: file, path: /etc/motd, content: x }', ansible);

  expect(repository.cli('validate')).toMatchObject({
    exit: 65,
    stdout: expect.stringContaining('no role.yaml; write one with what tasks/ does, which is not read'),
  });
});

it('validate says nothing of Ansible where there is none of it', () => {
  using repository = makeRepository('- { kind: file, path: /etc/motd, content: x }', {
    'inventory/group_vars/all.yml': 'a: 1\n',
  });

  expect(repository.cli('validate')).toMatchObject({ exit: 0, stderr: '' });
});

it('validate says of a package with only a name where its packages stand', () => {
  using repository = makeRepository('- { kind: package, name: nginx }');

  expect(repository.cli('validate')).toMatchObject({
    exit: 65,
    stdout: expect.stringContaining('"names" is missing; expected a list of packages, such as [nginx]; "name" only names'),
  });
});
