import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { mountSmall } from '../support/mount-small.ts';
import { makeRepository, type Repository } from '../support/repository.ts';
import { doctorSchema } from '../../src/report/answer-schemas.ts';
import { expectDocumented } from '../support/documented.ts';

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly fix?: string;
}

let repository: Repository;
beforeEach(() => {
  repository = makeRepository('[]');
});
afterEach(() => repository[Symbol.dispose]());

const doctor = (env: Readonly<Record<string, string>>, ...args: readonly string[]) => {
  const { exit, stdout } = runCli(['doctor', '-o', 'json', ...args], {
    cwd: repository.path,
    env: { RECONCILE_STATE_DIR: repository.root, ...env },
  });
  expectDocumented(doctorSchema, stdout);
  const findings = JSON.parse(stdout) as readonly Finding[];
  return { exit, of: (name: string) => findings.find((finding) => finding.name === name)!, findings };
};

it('every finding that is not ok has a fix, and one of them makes the exit code 1', () => {
  const { exit, findings, of } = doctor({}, '--host', 'nobody');

  expect(of('host')).toMatchObject({
    ok: false,
    found: 'the inventory has no host "nobody" (it has: box); choose one with --host',
  });
  expect(of('host').fix).toContain('--host');
  for (const { ok, fix } of findings) expect(fix === undefined).toBe(ok);
  expect(exit).toBe(1);
});

it('what is fine is ok: Node.js, repository, host', () => {
  const { of } = doctor({}, '--host', 'box');

  expect([of('Node.js').ok, of('repository').found, of('host').found]).toEqual([true, repository.path, 'box']);
});

it('an inventory that cannot be read is what is wrong, and not that this host is missing in it', () => {
  repository.write('inventory/hosts.yml', 'all:\n  hosts:\n    box: [\n');

  const { ok, found, fix } = doctor({}, '--host', 'box').of('host');

  expect(ok).toBe(false);
  expect(found).toContain('inventory/hosts.yml:');
  expect(found).not.toContain('has no host');
  expect(fix).toContain('reconcile validate');
});

it('a state directory that is none is found', () => {
  const file = join(repository.path, 'state');
  writeFileSync(file, '', { mode: 0o700 });

  expect(doctor({ RECONCILE_STATE_DIR: file }).of('state directory')).toMatchObject({
    ok: false,
    found: `${file} is not a directory`,
  });
});

it('a state directory that others can enter is found, with chmod as the fix', () => {
  chmodSync(repository.root, 0o755);
  expect(doctor({}).of('state directory')).toMatchObject({ ok: false, fix: `chmod 700 ${repository.root}` });

  chmodSync(repository.root, 0o700);
  expect(doctor({}).of('state directory').ok).toBe(true);
});

it('a state directory on a filesystem that is read-only is found', ({ skip }) => {
  using disk = mountSmall('size=1m,mode=700', skip);
  const env = { RECONCILE_STATE_DIR: disk.path };
  expect(doctor(env).of('state directory').ok).toBe(true);

  spawnSync('mount', ['-o', 'remount,ro', disk.path]);

  expect(doctor(env).of('state directory')).toMatchObject({ ok: false, found: `the filesystem of ${disk.path} is read-only` });
  expect(doctor(env).of('state directory').fix).toContain('dmesg');
  expect(doctor({ RECONCILE_STATE_DIR: join(disk.path, 'state') }).of('state directory').fix).toContain('dmesg');
});

it('each file of the state that cannot be read is found, with what to do', () => {
  chmodSync(repository.root, 0o700);
  for (const name of ['state.db', 'lock.db', 'unconfirmed.json', 'suspended'])
    writeFileSync(join(repository.root, name), 'not what was written');
  mkdirSync(join(repository.root, 'agent.db'));
  symlinkSync(join(repository.root, 'nothing'), join(repository.root, 'revisions'));

  const { exit, of } = doctor({});

  expect(exit).toBe(1);
  expect(of('state directory').ok).toBe(true);
  expect(of('state.db')).toMatchObject({ ok: false, found: expect.stringContaining('state.db cannot be used') as string });
  expect(of('state.db').fix).toContain('backup');
  expect(of('agent.db')).toMatchObject({ ok: false, found: expect.stringContaining('agent.db is not a file') as string });
  expect(of('lock.db').found).toContain('lock.db');
  expect(of('revisions').found).toContain('revisions leads nowhere');
  expect(of('unconfirmed.json').fix).toContain('then remove');
  expect(of('suspended')).toMatchObject({ ok: false, fix: 'reconcile resume' });
});

it('a state that can be read has no findings of its own, under a suspension too', () => {
  chmodSync(repository.root, 0o700);
  const files = join(repository.path, 'files');
  runCli(['--host', 'box', '--root', files], { cwd: repository.path });
  runCli(['suspend', '--for', '365d', '--reason', 'r', '--root', files], { cwd: repository.path });

  const { of, findings } = doctor({}, '--root', files);

  expect(of('state directory').ok).toBe(true);
  expect(findings.filter(({ name }) => /\.|suspended/.test(name)).map(({ name }) => name)).toEqual(['Node.js']);
});

it('an age identity that others can read is found, one that is missing, and one that opens nothing', async () => {
  const file = join(repository.root, 'age.key');
  const identity = await generateX25519Identity();
  const recipients = join(repository.path, 'desired-state/secrets/recipients.txt');
  const found = () => doctor({ RECONCILE_AGE_KEY_FILE: file }).of('age identity');
  mkdirSync(join(repository.path, 'desired-state/secrets'));
  writeFileSync(recipients, `${await identityToRecipient(identity)}\n`);
  runCli(['secret', 'set', 'token'], { cwd: repository.path, input: 'canary' });
  expect(found()).toMatchObject({ ok: false, found: `the age identity ${file} does not exist` });

  writeFileSync(file, `${identity}\n`, { mode: 0o644 });
  expect(found().fix).toContain('chmod 600');

  chmodSync(file, 0o600);
  expect(found()).toEqual({ name: 'age identity', ok: true, found: `${file} opens 1 of 1 secret` });

  writeFileSync(file, `${await generateX25519Identity()}\n`);
  expect(found()).toMatchObject({ ok: false, found: `${file} opens 0 of 1 secret` });
  expect(found().fix).toContain('recipients.txt');
});

it('a vault password file that is missing or that others can read is found, where one is named', () => {
  const file = join(repository.root, 'vault');
  expect(doctor({}).of('vault password')).toBeUndefined();
  expect(doctor({ RECONCILE_VAULT_PASSWORD_FILE: file }).of('vault password').found).toContain('does not exist');

  writeFileSync(file, 'x', { mode: 0o644 });
  expect(doctor({ RECONCILE_VAULT_PASSWORD_FILE: file }).of('vault password').fix).toBe(`chmod 600 ${file}`);

  chmodSync(file, 0o600);
  expect(doctor({ RECONCILE_VAULT_PASSWORD_FILE: file }).of('vault password').ok).toBe(true);
});

it('a broken host policy and a missing repository are found', () => {
  const file = join(repository.root, 'host.yaml');
  writeFileSync(file, 'pathss: {}\n');
  expect(doctor({ RECONCILE_HOST_POLICY: file }).of('host policy')).toMatchObject({ ok: false });
  expect(doctor({ RECONCILE_HOST_POLICY: file }).of('host policy').found).toContain('unknown key "pathss"');

  writeFileSync(file, 'agent: { windows: [{ kind: deny, schedule: "* * * * *", duration: 1h, time_zone: Mars/Base }] }\n');
  expect(doctor({ RECONCILE_HOST_POLICY: file }).of('host policy').found).toContain(
    'the window "* * * * * for 1h, Mars/Base" of the host policy names a time zone that does not exist',
  );

  rmSync(join(repository.path, 'desired-state/site.yaml'));
  expect(doctor({}).of('repository')).toMatchObject({ ok: false, found: 'no configuration repository here or above' });
});

it('secrets of the agent that it cannot use are found', () => {
  const [policy, secret, token] = ['host.yaml', 'secret', 'token'].map((name) => join(repository.root, name)) as [
    string,
    string,
    string,
  ];
  const hook = `{ name: a, forge: gitea, secret_file: ${secret}, repositories: [ops/config] }`;
  writeFileSync(policy, `agent: { listen: { port: 0 }, hooks: [${hook}], api_token_file: ${token} }\n`, { mode: 0o600 });
  writeFileSync(secret, 'x'.repeat(32), { mode: 0o600 });
  writeFileSync(token, 'short', { mode: 0o600 });
  const found = () => doctor({ RECONCILE_HOST_POLICY: policy }).of('agent secret');

  expect(found()).toMatchObject({ ok: false, found: `the API token ${token} has 5 bytes; it needs at least 32` });
  expect(found().fix).toContain('openssl');

  writeFileSync(token, 'x'.repeat(32));
  expect(found()).toBeUndefined();
});

it('a program that is not on the PATH is found', () => {
  const { of } = doctor({ PATH: '/nonexistent' });

  expect(of('git')).toMatchObject({ ok: false, found: 'no program git on the PATH' });
});

it('waves that the agent of this host cannot obey are found', () => {
  const policy = join(repository.root, 'host.yaml');
  const found = (text: string) => {
    writeFileSync(policy, text, { mode: 0o600 });
    return doctor({ RECONCILE_HOST_POLICY: policy }).of('waves');
  };
  const remote = 'remote: { urls: ["https://git.example/ops/config.git"] }\n';
  const gitea = 'gitea: { url: "https://git.example", repository: ops/config, token_file: /nonexistent }\n';
  expect(found(remote)).toBeUndefined();

  repository.write('desired-state/rollout.yaml', 'waves: [{ name: canary, hosts: box }]\n');
  expect(found(remote)).toMatchObject({ ok: false, found: '1 in rollout.yaml, but not obeyed' });
  expect(found(remote + gitea)).toMatchObject({ ok: true, found: '1, by the commit statuses of ops/config' });
  expect(found('host: box\n')).toBeUndefined();
});
