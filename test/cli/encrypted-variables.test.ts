import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noAnsible } from '../support/ansible.ts';
import { vaultText } from '../support/canaries.ts';
import { makeRepository, type Repository } from '../support/repository.ts';
import { runCli, type CliResult } from '../support/run-cli.ts';

const variables = `token: canary-token
port: 48151623
on: true
hosts: { key: canary-key, list: [canary-item] }
dsn: "pg://{{ user }}:canary-part@db"
raw: !unsafe "canary {{ raw }}"
`;
const resources = `
- { kind: file, path: /etc/token, content: "{{ token }} {{ port + 1 }} {{ hosts.list[0] }} {{ dsn }} {{ raw }}\\n" }
- { kind: file, path: /etc/flag, content: "{{ 'on' if on else 'off' }}\\n" }
`;
const [password, other] = ['canary-password\n', 'canary-other\n'];

/** A repository whose variables ansible-vault has encrypted as a whole, with the password beside it. */
function makeEncrypted(wanted = resources, text = variables) {
  const repository = makeRepository(wanted, { 'inventory/group_vars/all/vars.yml': 'user: app\n' });
  const file = join(repository.path, '../vault.txt');
  const env = { RECONCILE_VAULT_PASSWORD_FILE: file };
  const setPassword = (to: string): void => writeFileSync(file, to, { mode: 0o600 });
  const encryptFile = (name: string, plain: string): void => writeEncrypted(repository, name, plain, file);
  const encrypt = (plain: string): void => encryptFile('inventory/group_vars/all/vault.yml', plain);
  setPassword(password);
  encrypt(text);
  const heard: string[] = [];
  const cli = (args: readonly string[], more: Readonly<Record<string, string>> = env): CliResult => {
    const result = runCli(args, { cwd: repository.path, env: { RECONCILE_DEBUG: '1', ...more } });
    if (/canary|4815162/.test(result.stdout + result.stderr)) heard.push(`${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return result;
  };
  const run = (...args: readonly string[]): CliResult => cli([...args, '--host', 'box', '--root', repository.root]);
  return { repository, setPassword, encrypt, encryptFile, cli, run, heard, [Symbol.dispose]: () => repository[Symbol.dispose]() };
}

function writeEncrypted(repository: Repository, name: string, plain: string, passwordFile: string): void {
  repository.write(name, noAnsible === undefined ? plain : `${vaultText(plain, password.trim())}\n`);
  if (noAnsible !== undefined) return;
  const args = ['encrypt', '--vault-password-file', passwordFile, join(repository.path, name)];
  const { status, stderr } = spawnSync('/usr/bin/ansible-vault', args, { encoding: 'utf8', env: { HOME: repository.root } });
  if (status !== 0) throw new Error(stderr);
}

it('what stands in it reaches its targets, and no output', () => {
  using place = makeEncrypted();
  const { repository, run, cli, heard } = place;

  expect(run('--diff')).toMatchObject({ exit: 0, stdout: expect.stringContaining('contents hold a secret and are not shown') });
  expect(readFileSync(join(repository.root, 'etc/token'), 'utf8')).toBe(
    'canary-token 48151624 canary-item pg://app:canary-part@db canary {{ raw }}\n',
  );
  for (const args of [
    ['--check', '-o', 'json'],
    ['explain', '/etc/token'],
    ['explain', '/etc/flag', '-o', 'json'],
  ])
    expect(run(...args).exit).toBe(0);
  for (const args of [['inventory', '--list'], ['inventory', '--host', 'box'], ['inventory', '--graph'], ['validate']])
    expect(cli(args).exit).toBe(0);
  expect(cli(['doctor', '--host', 'box', '--root', repository.root]).stdout).toMatch(/^ok +vault password/m);
  const state = join(repository.root, 'var/lib/timmy-reconciler');
  const kept = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of kept) expect(readFileSync(join(parentPath, name)).includes('canary'), name).toBe(false);
  expect(heard).toEqual([]);
});

it.each([
  ['no YAML', 'token: canary\n  canary: "\\canary\n'],
  ['one key twice', 'token: canary-a\ntoken: canary-b\n'],
  ['a template that fails', 'token: "canary {{ canary_x }}"\nport: "{% canary"\nhosts: {list: ["{{ port[canary] }}"]}\n'],
])('nothing of it is told where it holds %s', (_title, text) => {
  using place = makeEncrypted(resources, text);
  const { repository, run, cli, heard } = place;

  for (const result of [run('--diff'), run('--check', '-o', 'ndjson'), cli(['validate']), cli(['validate', '-o', 'json'])]) {
    expect(result.exit, result.stdout + result.stderr).toBe(65);
    expect(result.stdout + result.stderr).toContain('inventory/group_vars/all/vault.yml');
  }
  for (const args of [['inventory', '--list'], ['fleet', 'trust', 'all'], ['doctor']]) cli(args);
  expect(existsSync(join(repository.root, 'etc/flag'))).toBe(false);
  expect(heard).toEqual([]);
});

it('a source and templates that are encrypted as a whole reach their targets decrypted, and no output', () => {
  using place = makeEncrypted(`
- { kind: file, path: /etc/key, source: key.pem }
- { kind: file, path: /etc/made, template: made.j2 }
- { kind: file, path: /etc/plain, template: plain.j2 }
`);
  const { repository, encryptFile, cli, run, heard } = place;
  encryptFile('desired-state/files/key.pem', 'canary key\n');
  encryptFile('desired-state/templates/made.j2', 'canary {{ user }} {{ token }}\n');
  encryptFile('desired-state/templates/plain.j2', 'canary alone\n');
  const read = (name: string): string => readFileSync(join(repository.root, 'etc', name), 'utf8');

  expect(run('--diff')).toMatchObject({ exit: 0, stdout: expect.stringContaining('hold a secret and are not shown') });
  expect([read('key'), read('made'), read('plain')]).toEqual(['canary key\n', 'canary app canary-token\n', 'canary alone\n']);
  expect(run('--check').exit).toBe(0);
  expect(run('--check', '-o', 'json').exit).toBe(0);
  writeFileSync(join(repository.root, 'etc/key'), 'mine\n');
  expect(run('adopt', '/etc/key')).toMatchObject({ exit: 7, stderr: expect.stringContaining('is sensitive') });

  const { exit, stdout } = cli(['--host', 'box', '--root', repository.root], {});
  const told = stdout.split('\n').filter((line) => line.includes('[secret-unreadable]'));
  expect([exit, told.length]).toEqual([65, 4]);
  expect(told.join()).toContain('"source": desired-state/files/key.pem is encrypted by ansible-vault, and cannot be decrypted');
  expect(heard).toEqual([]);
});

it('without its password nothing is written, and one problem says what to configure', () => {
  using place = makeEncrypted();
  const { repository, cli, setPassword, heard } = place;
  const converge = ['--host', 'box', '--root', repository.root];
  const file = 'inventory/group_vars/all/vault.yml:1:1  encrypted by ansible-vault, and cannot be decrypted here: ';

  // What only the hosts can decrypt is no fault of the repository.
  expect(cli(['validate'], {})).toMatchObject({ exit: 0, stdout: expect.stringContaining('Valid') });
  for (const args of [converge, ['inventory', '--list'], ['fleet', 'trust', 'all']]) {
    const { exit, stdout, stderr } = cli(args, {});
    const problems = (stdout + stderr).split('\n').filter((line) => /\[[a-z-]+\]$/.test(line));
    expect([exit, problems.length], stdout + stderr).toEqual([65, 1]);
    expect(problems[0]).toContain(`${file}no ansible-vault password is configured on this host; RECONCILE_VAULT_PASSWORD_FILE`);
  }
  const unread = cli(['fleet', 'trust', 'all'], { RECONCILE_VAULT_PASSWORD_FILE: '/nonexistent' });
  expect(unread.stderr).toContain(`${file}the vault password file /nonexistent does not exist; RECONCILE_VAULT_PASSWORD_FILE`);
  expect(cli(['doctor', ...converge], {}).stdout).toMatch(/^FAIL +vault password +inventory\/group_vars\/all\/vault\.yml:1:1/m);
  setPassword(other);
  expect(cli(converge)).toMatchObject({
    exit: 65,
    stdout: expect.stringContaining('no ansible-vault password of this host fits'),
  });
  expect(cli(['doctor', ...converge]).stdout).toMatch(/^FAIL +vault password/m);
  expect(existsSync(join(repository.root, 'etc/flag'))).toBe(false);
  expect(cli(['completion', 'bash', '--names', 'host', '--', 'reconcile', '--host', ''], {})).toMatchObject({
    exit: 0,
    stdout: expect.stringContaining('box'),
    stderr: '',
  });
  expect(heard).toEqual([]);
});

it.each([
  ['with secrets, which the catalog could not bring', false, (on: boolean) => `token: canary\non: ${on}\n`],
  ['without any, with a catalog that is kept', true, (on: boolean) => `on: ${on}\n`],
])('is read anew when it or the file of its password has changed: %s', (_title, isKept, text) => {
  using place = makeEncrypted(`- { kind: file, path: /etc/flag, content: "{{ 'on' if on else 'off' }}\\n" }`, text(true));
  const { repository, run, setPassword, encrypt, heard } = place;
  expect([run().exit, run().exit, run('--check').exit]).toEqual([0, 0, 0]);
  expect(existsSync(join(repository.root, 'var/lib/timmy-reconciler/catalog'))).toBe(isKept);

  setPassword(other);
  expect(run('--check').exit).toBe(65);
  setPassword(password);
  expect(run('--check').exit).toBe(0);
  encrypt(text(false));
  expect(run('--check').exit).toBe(2);
  expect(heard).toEqual([]);
});
