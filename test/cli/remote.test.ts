import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptAge } from '../../src/inventory/age.ts';
import { makeRepository, type Repository } from '../support/repository.ts';
import { runCli, type CliResult } from '../support/run-cli.ts';

const resources = `- { kind: file, path: /etc/motd, source: motd }`;
let repository: Repository;
let remote: string;
let policy: string;

const motd = (text: string): void => repository.write('desired-state/files/motd', `${text}\n`);
const live = (): string => readFileSync(join(repository.root, 'etc/motd'), 'utf8').trim();

function push(text: string): string {
  motd(text);
  repository.commit(text);
  execFileSync('git', ['push', '--quiet', '--force', remote, 'HEAD:main'], { cwd: repository.path });
  return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: repository.path, encoding: 'utf8' }).trim();
}

/** Outside of any repository, with a host policy that names the remote. */
const run = (...args: readonly string[]): CliResult =>
  runCli([...args, '--root', repository.root, ...(args[0] === 'trust' || args[0] === 'apply' ? [] : ['--host', 'box'])], {
    env: { RECONCILE_HOST_POLICY: policy },
  });

beforeEach(() => {
  repository = makeRepository(resources, { 'desired-state/files/motd': 'one\n' });
  remote = join(dirname(repository.path), 'config.git');
  policy = join(dirname(repository.path), 'host.yaml');
  execFileSync('git', ['init', '--quiet', '--bare', remote]);
  writeFileSync(policy, `remote:\n  urls: [${remote}]\n  timeout: 20s\n`, { mode: 0o600 });
  push('one');
});
afterEach(() => repository[Symbol.dispose]());

describe('outside of a repository, on a host without a remote', () => {
  const withoutRemote = (): void => writeFileSync(policy, 'paths: { allow: ["/**"] }\n', { mode: 0o600 });

  it('what was applied last can be looked at, and only that', () => {
    run();
    withoutRemote();

    expect(run('--check')).toMatchObject({ exit: 0, stderr: '' });
    expect(run('explain', '/etc/motd').stdout).toContain('now        converged');
    expect(run('doctor').stdout).toMatch(/ok {4}repository {8}[0-9a-f]{8}, the revision that was applied last/);
    expect(run()).toMatchObject({ exit: 64 });
    expect(run().stderr).toMatch(/no configuration repository here or above.*\n.*reconcile now/);
  });

  it('where nothing was applied nothing is found, and nothing made', () => {
    withoutRemote();

    expect(run('--check').exit).toBe(64);
    expect(run('doctor').stdout).toContain('FAIL  repository');
    expect(existsSync(join(repository.root, 'var/lib'))).toBe(false);
  });
});

describe('outside of a repository, with a remote in the host policy', () => {
  it('doctor finds the host and which secrets it can read in what was applied last', async () => {
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    repository.write('desired-state/secrets/recipients.txt', `${recipient}\n`);
    writeFileSync(join(repository.path, 'desired-state/secrets/token.age'), await encryptAge('canary', [recipient]));
    push('with a secret');
    run();

    expect(run('doctor').stdout).toMatch(/^ok +host +box$/m);
    expect(run('doctor').stdout).toMatch(/^FAIL +age identity +none at .*age\.key; 1 secret in the repository$/m);
    writeFileSync(join(dirname(policy), 'age.key'), identity, { mode: 0o600 });
    expect(run('doctor').stdout).toMatch(/^ok +age identity +.*age\.key opens 1 of 1 secret$/m);
  });

  it('a run applies what is newest there, and the next one has nothing to do', () => {
    const first = run();

    expect(first).toMatchObject({ exit: 0, stderr: '' });
    expect(live()).toBe('one');
    expect(run()).toMatchObject({ exit: 0 });
    push('two');
    expect(run('--check')).toMatchObject({ exit: 2 });
    expect(run()).toMatchObject({ exit: 0 });
    expect(live()).toBe('two');
  });

  it('the last good revision is enforced while the remote is gone', () => {
    run();
    rmSync(remote, { recursive: true });
    writeFileSync(join(repository.root, 'etc/motd'), 'edited');

    const { exit, stderr } = run();

    expect(stderr).toMatch(/it is no git repository; using [0-9a-f]{12}, the last good one/);
    expect(exit).toBe(0);
    expect(live()).toBe('one');
  });

  it('without any revision yet, a remote that is gone is an error that says what to do', () => {
    rmSync(remote, { recursive: true });

    const { exit, stderr } = run();

    expect(exit).toBe(1);
    expect(stderr).toContain(`${remote}: it is no git repository`);
    expect(stderr).toContain('hint: check the path');
  });

  it('rewritten history is refused with 7 until trust is reset, and nothing is written', () => {
    run();
    execFileSync('git', ['checkout', '--quiet', '--orphan', 'other'], { cwd: repository.path });
    const forged = push('forged');

    const refused = run();

    expect(refused.exit).toBe(7);
    expect(refused.stderr).toContain('is not on top of');
    expect(refused.stderr).toContain(`reconcile trust reset --to ${forged}`);
    expect(live()).toBe('one');
    expect(run('trust', 'reset', '--to', forged)).toMatchObject({ exit: 0 });
    expect(run()).toMatchObject({ exit: 0 });
    expect(live()).toBe('forged');
  });

  it('a branch that was set back is not followed, and it is said how it could be', () => {
    push('two');
    run();
    execFileSync('git', ['push', '--quiet', '--force', remote, 'HEAD~1:main'], { cwd: repository.path });

    const { exit, stderr } = run();

    expect(exit).toBe(0);
    expect(stderr).toMatch(/main at [0-9a-f]{12} is older than [0-9a-f]{12}, which was applied here; if going back is meant/);
    expect(stderr).toMatch(/reconcile trust reset --to [0-9a-f]{40}; using [0-9a-f]{12}, the last good one\n$/);
    expect(live()).toBe('two');
  });

  it('a plan is applied as it was reviewed, and refused when the branch has moved', () => {
    const plan = join(dirname(policy), 'plan.json');
    expect(run('plan', '-o', plan)).toMatchObject({ exit: 0 });
    push('two');
    const env = { RECONCILE_HOST_POLICY: policy };

    expect(runCli(['apply', plan], { env })).toMatchObject({
      exit: 7,
      stderr: expect.stringContaining('the revision has moved'),
    });
    expect(existsSync(join(repository.root, 'etc/motd'))).toBe(false);
    run('plan', '-o', plan);
    expect(runCli(['apply', plan], { env })).toMatchObject({ exit: 0 });
    expect(live()).toBe('two');
  });

  it('explain tells the commit of a line from the mirror', () => {
    const commit = push('two');
    run();

    const { stdout } = run('explain', '/etc/motd', '-o', 'json');

    expect(JSON.parse(stdout)).toMatchObject([
      { source: { file: 'desired-state/files/motd', commit: { id: commit, author: 'Ada' } } },
    ]);
  });

  it('adopt has no place to write to, and says where there is one', () => {
    run();
    const { exit, stderr } = run('adopt', '/etc/motd');

    expect(exit).toBe(7);
    expect(stderr).toContain('clone the repository, and give --source PATH');
  });
});

it('--source takes a URL, without the token that is meant for another', () => {
  const token = join(dirname(policy), 'token');
  writeFileSync(token, 'canary', { mode: 0o644 });
  writeFileSync(policy, `remote:\n  urls: [https://git.example/config.git]\n  token_file: ${token}\n`, { mode: 0o600 });

  const { exit, stderr } = run('--source', 'http://127.0.0.1:1/config.git');

  expect(exit).toBe(1);
  // Not of the token file, which others can read.
  expect(stderr).toContain('http://127.0.0.1:1/config.git: it cannot be reached');
  expect(stderr).toContain('hint: check the URL, the server and the network\n');
});

it('a URL that --source cannot take is wrong usage, and the host policy is not blamed; one of the host policy is', () => {
  const given = run('--source', 'ftp://git.example/config.git', '--check');
  writeFileSync(policy, 'remote:\n  urls: ["ftp://git.example/config.git"]\n', { mode: 0o600 });

  expect(given).toMatchObject({ exit: 64, stderr: expect.stringContaining('has a form that is not followed') });
  expect(given.stderr).toContain('hint: --source ');
  expect(given.stderr).not.toContain('host policy');
  expect(run('--check')).toMatchObject({
    exit: 65,
    stderr: expect.stringContaining('hint: correct `remote` in the host policy'),
  });
});

it.each([
  ['nothing', []],
  ['a branch', ['--to', 'main']],
  ['an abbreviation', ['--to', 'abcdef12']],
])('trust reset refuses %s', (_name, args) => {
  const { exit, stderr } = run('trust', 'reset', ...args);

  expect(exit).toBe(64);
  expect(stderr).toContain('git rev-parse BRANCH');
});
