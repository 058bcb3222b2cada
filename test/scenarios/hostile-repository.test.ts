import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/problem.ts';
import { formatProblem } from '../../src/model/problem.ts';
import { asNobody } from '../support/as-nobody.ts';
import { processorSeconds } from '../support/processor-seconds.ts';
import { makeRepository, type Repository } from '../support/repository.ts';
import { program } from '../support/run-cli.ts';

const motd = '- { kind: file, path: /etc/motd, content: x }';
const isRoot = process.getuid?.() === 0;
const canDrop = isRoot && spawnSync('setpriv', ['--version']).status === 0;

interface Validated {
  readonly exit: number | null;
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** `validate` in a process that may use 256 MiB, and in the text form only what a terminal may see. */
function validate({ path }: Repository, asUser: readonly string[] = []): Validated {
  const argv = [...asUser, process.execPath, '--max-old-space-size=200', program, 'validate', '--source', path];
  const run = (...more: readonly string[]) =>
    spawnSync(argv[0]!, [...argv.slice(1), ...more], {
      cwd: '/',
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64 * 1024 * 1024,
    });
  const text = run();
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  expect(text.stdout + text.stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  const before = processorSeconds();
  const { status, stdout, stderr } = run('-o', 'json');
  const seconds = processorSeconds() - before;
  if (stdout === '') throw new Error(stderr);
  const { problems } = JSON.parse(stdout) as { readonly problems: readonly Problem[] };
  return { exit: status, problems: problems.map(formatProblem), seconds };
}

describe('what stands in a repository and is no file of it', () => {
  it.each<[string, (path: string) => void, string]>([
    [
      'a link',
      (path) => symlinkSync('/etc/passwd', join(path, 'desired-state/files/x')),
      'desired-state/files/x:1:1  not a regular file',
    ],
    ['a link in place of a directory', (path) => symlinkSync('/etc', join(path, 'roles')), 'roles:1:1  not a directory; links'],
    [
      'a fifo',
      (path) => void spawnSync('mkfifo', [join(path, 'desired-state/files/x')]),
      'desired-state/files/x:1:1  not a regular file',
    ],
    [
      'a fifo in place of a document',
      (path) => {
        rmSync(join(path, 'desired-state/site.yaml'));
        spawnSync('mkfifo', [join(path, 'desired-state/site.yaml')]);
      },
      'desired-state/site.yaml:1:1  not a regular file',
    ],
    [
      'a name that is not UTF-8',
      (path) => writeFileSync(Buffer.concat([Buffer.from(join(path, 'desired-state/files/')), Buffer.of(0xff)]), ''),
      'desired-state/files/\ufffd:1:1  its name is not UTF-8',
    ],
    [
      'a file of a gigabyte',
      (path) => {
        writeFileSync(join(path, 'desired-state/files/huge'), '');
        truncateSync(join(path, 'desired-state/files/huge'), 2 ** 30);
      },
      'desired-state/files/huge:1:1  the file has 1073741824 bytes; expected at most 67108864',
    ],
    [
      'a path longer than the system allows',
      (path) => {
        const script = 'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(400):\n  os.mkdir("d"*20); os.chdir("d"*20)';
        expect(spawnSync('python3', ['-c', script, join(path, 'desired-state/files')]).status).toBe(0);
      },
      'ENAMETOOLONG',
    ],
  ])('%s is a problem that names it', (_title, prepare, expected) => {
    using repository = makeRepository(motd, { 'desired-state/files/good': '' });
    prepare(repository.path);

    const { exit, problems, seconds } = validate(repository);

    expect(exit).toBe(65);
    expect(problems[0]).toContain(expected);
    expect(seconds).toBeLessThan(2);
    expect(repository.report(['--check']).exit).toBe(65);
  });

  it('a link that comes after a converged run stops the next one', () => {
    using repository = makeRepository(motd, { 'desired-state/files/good': '' });
    expect(repository.run().exit).toBe(0);

    symlinkSync('good', join(repository.path, 'desired-state/files/bad'));

    expect(repository.run(['--check']).exit).toBe(65);
    expect(repository.run().exit).toBe(65);
  });

  it.skipIf(!isRoot)('a device is a problem', () => {
    using repository = makeRepository(motd);
    spawnSync('mknod', [join(repository.path, 'inventory/zero'), 'c', '1', '5']);

    expect(validate(repository).problems[0]).toContain('inventory/zero:1:1  not a regular file');
  });

  it.skipIf(!canDrop)('what this user may not read is a problem, not silence', () => {
    using repository = makeRepository(motd, { 'inventory/group_vars/all.yml': 'a: 1\n', 'roles/r/role.yaml': 'summary: x\n' });
    const { path } = repository;
    chmodSync(join(path, '..'), 0o755);
    chmodSync(join(path, 'inventory/group_vars/all.yml'), 0o600);
    chmodSync(join(path, 'roles/r'), 0o700);
    chownSync(join(path, 'roles/r'), 0, 0);

    const { exit, problems } = validate(repository, ['setpriv', ...asNobody]);

    expect(exit).toBe(65);
    expect(problems).toContain('inventory/group_vars/all.yml:1:1  this user may not read it');
    expect(problems).toContain('roles/r:1:1  cannot be listed: EACCES');
  });
});

const escape = '"\\e[31mred\\e[0m\\u202e\\u009b2J\\rover"';
const names = ['__proto__', 'constructor', 'toString'];

describe('hostile words end in problems, in time, and show nothing that acts on a terminal', () => {
  const many = (count: number, text: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => text(index)).join('');
  it.each<[string, string, Readonly<Record<string, string>>]>([
    [
      'escapes in attributes',
      `- { kind: file, path: ${escape}, content: x }\n- { kind: ${escape} }\n- { kind: cron, name: x, schedule: ${escape}, command: x }`,
      {},
    ],
    [
      'escapes in a role',
      motd,
      { 'roles/r/role.yaml': `summary: ${escape}\nresources: [{ ${escape}: 1, kind: file }]\nhealth: [{ ${escape}: 1 }]\n` },
    ],
    [
      'escapes in the inventory',
      motd,
      { 'inventory/hosts.yml': `all: { hosts: { box: , ${escape}: }, children: { ${escape}: } }\n` },
    ],
    [
      'escapes in file names',
      motd,
      { 'roles/\x1b[2J\n/role.yaml': '', 'inventory/group_vars/\x1b[31m\u202e.yml': 'a: [', 'desired-state/\x07.yaml': '' },
    ],
    [
      'climbing paths',
      '- { kind: file, path: /a, source: ../../x }\n- { kind: file, path: /b, template: /etc/passwd }\n- { kind: tree, path: /c, source: a/../.. }\n- { kind: file, path: /d/../e, content: x }',
      {},
    ],
    ...names.map((name): [string, string, Record<string, string>] => [
      `the name ${name}`,
      `- { kind: ${name} }\n- { kind: file, path: /a, content: "{{ ${name} }}{{ hostvars.${name} }}{{ groups.${name} }}", ${name}: 1 }`,
      {
        'inventory/hosts.yml': `all: { vars: { ${name}: { polluted: 1 } }, hosts: { box: , ${name}: { ${name}: 1 } }, children: { ${name}: { hosts: { box: } } } }\n`,
        [`roles/${name}/role.yaml`]: `summary: x\nparameters: { type: object, properties: { ${name}: { default: 1 } } }\n`,
        'desired-state/policy.yaml': `${name}: 1\n`,
      },
    ]),
    [
      'a glob that backtracks',
      '- { kind: tree, path: /t, source: x, include: ["*a*a*a*b"], exclude: ["+(a|aa)b"] }',
      Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`desired-state/files/x/${'a'.repeat(240)}${index}`, ''])),
    ],
    [
      'a huge document',
      motd,
      { 'inventory/group_vars/all.yml': '#'.repeat(5_000_000), 'desired-state/policy.yaml': '#'.repeat(5_000_000) },
    ],
    ['thousands of faults', many(2_000, (index) => `- { kind: file, path: relative${index}, nope: 1 }\n`), {}],
    [
      'thousands of bad roles',
      motd,
      Object.fromEntries(
        Array.from({ length: 500 }, (_, index) => [`roles/r${index}/role.yaml`, 'resources: [x, y: z]\nfoo: 1\n']),
      ),
    ],
    [
      'thousands of hosts with the same fault',
      '- { kind: file, path: /a, content: "{{ nope }}" }',
      { 'inventory/hosts.yml': 'all: { hosts: { box: , "h[1:2000]": } }\n' },
    ],
  ])('%s', (_title, resources, files) => {
    using repository = makeRepository(resources, files);

    const { exit, problems, seconds } = validate(repository);

    expect(exit).toBe(65);
    expect(problems.length).toBeLessThanOrEqual(501);
    expect(seconds).toBeLessThan(2);
  });
});

it('escapes in what is valid are written out wherever it is shown', () => {
  using repository = makeRepository(
    `- { kind: file, path: "/etc/\\e[31mx\\u202e", content: ${escape} }\n- { kind: link, path: /l, target: "a\\e[2J" }\n`,
  );
  const shown = (args: readonly string[], name: string[] = []): string => {
    const { stdout, stderr } = repository.run([...args, ...name]);
    return stdout + stderr;
  };

  const all = [
    ['--check', '--diff'],
    ['--check', '-o', 'json'],
    ['-o', 'ndjson'],
    ['explain', '/etc/\x1b[31mx\u202e'],
    ['explain', '/l'],
    ['adopt', '/etc/\x1b[31mx\u202e'],
  ];

  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  for (const args of all) expect(shown(args), args.join(' ')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
});

it('bans and protected paths that take too long to match refuse the run', { timeout: 120_000 }, () => {
  using repository = makeRepository('- { kind: tree, path: /t, source: x }', {
    'desired-state/policy.yaml': `banned: { patterns: [${Array.from({ length: 200 }, (_, index) => `"[a-f]+x${index}"`).join(', ')}] }\n`,
    ...Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`desired-state/files/x/${index}`, 'abcdef'.repeat(150_000)])),
  });

  const { exit, problems } = repository.report(['--check']);

  expect(exit).toBe(65);
  expect(problems.map(({ message }) => message)).toEqual(['searching for banned.patterns takes longer than 10 s']);
});

it('a repository that was replaced by a link is not followed', () => {
  using repository = makeRepository(motd);
  renameSync(join(repository.path, 'desired-state'), join(repository.path, 'elsewhere'));
  symlinkSync('elsewhere', join(repository.path, 'desired-state'));
  mkdirSync(join(repository.path, 'roles'));

  expect(validate(repository).problems).toContain('desired-state:1:1  not a directory; links are not followed in a repository');
});
