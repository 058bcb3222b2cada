import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

const policy = `
banned:
  patterns: ["anthropic", "claude-"]
base_urls: ["https://openrouter.ai/**", "http://localhost:*/**"]
destroy: { max_delete: 2, max_delete_percent: 50 }
protected_paths: ["/etc/shadow", "/boot/**"]
portfolio: { critical: all, min_slots: 2, local_end: true }
`;

const motd = '- { kind: file, path: /etc/motd, content: "hello\\n" }';
const chain = (first: string, url: string): string => `
- kind: provider_chain
  path: /etc/providers.yaml
  format: cascade
  chain:
    - { provider: ${first}, model: some-model, base_url: "${url}", key_env: OPENROUTER_API_KEY }
    - { provider: ollama, model: "qwen3:4b", base_url: "http://localhost:11434/v1" }
`;

const seen = (greeting: string): string =>
  `${motd.replace('hello', greeting)}\n- { kind: file, path: /etc/seen, content: "x\\n", on_drift: report }`;

interface Case {
  readonly name: string;
  readonly resources: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly given?: (repository: Repository) => void;
  readonly code: string;
  readonly at?: string;
}

/** What `download` has unpacked, and somebody has written into since. */
function putUnpacked({ root }: Repository): void {
  mkdirSync(join(root, 'srv/app/data'), { recursive: true });
  writeFileSync(join(root, 'srv/app/data/theirs'), 'x');
  const marker = { schema: 'reconcile.unpacked/1', id: 'a', sha256: '1'.repeat(64), strip: 0, tree: '' };
  writeFileSync(join(root, 'srv/app/.reconcile-unpacked.json'), JSON.stringify(marker));
}

const cases: readonly Case[] = [
  {
    name: 'a banned provider in a file of the repository',
    resources: motd,
    files: { 'desired-state/files/notes.md': 'first line\nuse Anthropic here\n' },
    code: 'banned-provider',
    at: 'desired-state/files/notes.md:2:5',
  },
  {
    name: 'a banned provider far down in a large file',
    resources: motd,
    files: { 'desired-state/files/notes.md': `${'a line of text\n'.repeat(100_000)}use Anthropic here\n` },
    code: 'banned-provider',
    at: 'desired-state/files/notes.md:100001:5',
  },
  {
    name: 'a banned provider in a file with a NUL',
    resources: motd,
    files: { 'desired-state/files/keys.env': '# \0\nKEY=Anthropic\n' },
    code: 'banned-provider',
    at: 'desired-state/files/keys.env:2:5',
  },
  {
    name: 'a banned provider in a large live file that was seeded',
    resources: `${motd}\n- { kind: file, path: /etc/seed, content: x, create_only: true }`,
    given: ({ root }) => {
      mkdirSync(join(root, 'etc'));
      writeFileSync(join(root, 'etc/seed'), `${'x'.repeat(2_000_000)} claude-3`);
    },
    code: 'banned-provider',
  },
  {
    name: 'a banned provider that a template puts together',
    resources: "- { kind: file, path: /etc/motd, content: \"{{ 'anth' ~ 'ropic' }}\\n\" }",
    code: 'banned-provider',
  },
  {
    name: 'a banned provider in foreign keys of a live file that keeps them',
    resources: `${motd}\n- { kind: config, path: /etc/app.yaml, set: { port: 2 } }`,
    given: ({ root }) => {
      mkdirSync(join(root, 'etc'));
      writeFileSync(join(root, 'etc/app.yaml'), 'port: 1\nfallback: claude-3\n');
    },
    code: 'banned-provider',
  },
  {
    name: 'a banned provider in a live file that is only reported',
    resources: seen('hello'),
    given: (repository) => {
      repository.run();
      writeFileSync(join(repository.root, 'etc/seen'), 'claude-3\n');
      repository.write('desired-state/site.yaml', site(seen('bye')));
    },
    code: 'banned-provider',
  },
  {
    name: 'a base URL that is not allowed',
    resources: motd + chain('openrouter', 'https://evil.example/v1'),
    code: 'base-url-denied',
  },
  {
    name: 'a base URL that is not allowed, in a key',
    resources: `${motd}\n- { kind: config, path: /etc/app.yaml, set: { model.base_url: "https://evil.example/v1" } }`,
    code: 'base-url-denied',
  },
  {
    name: 'a base URL that is not allowed, in a file',
    resources: `${motd}\n- { kind: file, path: /etc/app.yaml, content: "model: {base_url: 'https://evil.example/v1'}\\n" }`,
    code: 'base-url-denied',
  },
  {
    name: 'a chain without a local end',
    resources: motd + chain('openrouter', 'https://openrouter.ai/api/v1').replace(/ {4}- \{ provider: ollama.*\n/, ''),
    code: 'portfolio-rule',
  },
  {
    name: 'a protected path',
    resources: `${motd}\n- { kind: file, path: /boot/grub/grub.cfg, content: "x" }`,
    code: 'protected-path',
  },
  {
    name: 'a protected path in an archive that was unpacked, and is to go',
    resources: `${motd}\n- { kind: download, path: /srv/app, ensure: absent }`,
    given: putUnpacked,
    files: { 'desired-state/policy.yaml': 'protected_paths: ["/srv/app/data/**"]\n' },
    code: 'protected-path',
  },
  {
    name: 'a protected path in an archive whose place another one takes',
    resources: `${motd}\n- { kind: download, path: /srv/app, url: "http://127.0.0.1:1/a.tar", sha256: ${'a'.repeat(64)}, extract: {} }`,
    given: putUnpacked,
    files: { 'desired-state/policy.yaml': 'protected_paths: ["/srv/app/data/**"]\n' },
    code: 'protected-path',
  },
  {
    name: 'a protected path in the archive of before, which no rollback brings back then',
    resources: `${motd}\n- { kind: download, path: /srv/app, ensure: absent }`,
    given: putUnpacked,
    files: { 'desired-state/policy.yaml': 'protected_paths: ["/srv/.app.before"]\n' },
    code: 'protected-path',
  },
  {
    name: 'the state directory as a target',
    resources: `${motd}\n- { kind: file, path: /var/lib/timmy-reconciler/state.db, content: "x" }`,
    code: 'protected-path',
  },
];

it.each(cases)('$name refuses the whole run before the first write', ({ resources, files, given, code, at }) => {
  using repository = makeRepository(resources, { 'desired-state/policy.yaml': policy, ...files });
  given?.(repository);
  const before = snapshot(repository.root, { ignore: isState });

  const report = repository.report();

  expect(report.problems.map((problem) => problem.code)).toContain(code);
  expect(report.exit).toBe(7);
  expect(report.writes).toBe(0);
  if (at !== undefined)
    expect(
      report.problems.map((problem) => problem.at && `${problem.at.file}:${problem.at.line}:${problem.at.column}`),
    ).toContain(at);
  expect(snapshot(repository.root, { ignore: isState })).toBe(before);
});

it('more deletions than the budget allows are refused, and as many as it allows are done', () => {
  const resources = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `- { kind: file, path: /etc/${name}, content: x }`);
  using repository = makeRepository(resources.join('\n'), { 'desired-state/policy.yaml': policy });
  repository.run();
  const before = snapshot(repository.root, { ignore: isState });

  repository.write('desired-state/site.yaml', site(resources.slice(3).join('\n')));
  expect(repository.report().problems.map(({ code }) => code)).toEqual(['destroy-budget']);
  expect(snapshot(repository.root, { ignore: isState })).toBe(before);

  repository.write('desired-state/site.yaml', site(resources.slice(2).join('\n')));
  expect(repository.run().exit).toBe(0);
});

it('a banned provider that the run replaces is healed, not refused', () => {
  using repository = makeRepository(motd, { 'desired-state/policy.yaml': policy });
  repository.run();
  writeFileSync(join(repository.root, 'etc/motd'), 'anthropic\n');

  const report = repository.report();

  expect(report.exit).toBe(0);
  expect(report.steps[0]).toMatchObject({ cause: 'drift', outcome: 'changed' });
});

const isState = (path: string): boolean => path === '/var';

it.each([
  ['banned.patterns: a pattern', 'banned: { patterns: ["(("] }', 'bad-ban-pattern'],
  ['base_urls: a glob', 'base_urls: ["!x"]', 'wrong-type'],
  ['protected_paths: a glob', 'protected_paths: ["!x"]', 'wrong-type'],
  ['protected_paths: a path that is not absolute', 'protected_paths: [etc/motd]', 'wrong-type'],
  ['protected_paths: a kind', 'protected_paths: [{ path: /etc/motd, except: [flie] }]', 'unknown-kind'],
  ['approval: a glob', 'approval: { addresses: ["file[!x]"] }', 'wrong-type'],
  ['approval: a kind', 'approval: { addresses: ["*[/etc/motd]", "flie[*]"] }', 'unknown-kind'],
  ['portfolio: a group', 'portfolio: { critical: nope }', 'unknown-group'],
  ['portfolio: a host pattern', 'portfolio: { critical: "nobody[" }', 'bad-pattern'],
  ['windows: a schedule', 'windows: [{ kind: allow, schedule: "0 24 * * *", duration: 1h }]', 'bad-schedule'],
])('%s with which every run is refused is found by validate', (_title, text, code) => {
  using repository = makeRepository(motd, { 'desired-state/policy.yaml': `${text}\n` });

  const found = repository.cli('validate', '-o', 'json');

  expect(found.exit).toBe(65);
  expect((JSON.parse(found.stdout) as { problems: object[] }).problems).toMatchObject([{ code, at: { line: 1 } }]);
  const { exit, stdout } = repository.run();
  expect({ exit, stdout }).toMatchObject({ exit: 65, stdout: expect.stringContaining('desired-state/policy.yaml:1:') as string });
});
