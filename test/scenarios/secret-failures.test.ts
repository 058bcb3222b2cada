import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { generateX25519Identity } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { canariesIn } from '../support/canaries.ts';
import { program } from '../support/run-cli.ts';
import { isLong } from '../faults/fault-rig.ts';
import { makeSecretRepository, type SecretRepository } from '../support/secret-repository.ts';

const box = ['--host', 'box'];
const before = `
- { kind: file, path: "{{ target }}/pem", content: "{{ secrets.pem }}" }
- { kind: file, path: "{{ target }}/made", content: "{{ vault_hashed | hash('sha512') }}\\n" }
- { kind: config, path: "{{ target }}/c.yaml", set: { harmless: "{{ vault_yaml }}", number: "{{ number }}" } }
`;
const everyCoat = 'base64 -w0; printf "\\n%s\\n" "$K"; printf %s "$K" | od -An -tx1 | tr -d " \\\\n"';

const otherWays = [
  [...box, '-o', 'ndjson'],
  ['--check', ...box, '-o', 'json'],
  ['validate'],
  ['history', '-o', 'json'],
  ['show', 'latest'],
];
let turn = 0;

/** Runs it in every form of output, without `LONG=1` in one of them in turn, asks what became of it, and hears no canary. */
function failsSilently(repository: SecretRepository, exit: number): string {
  const { run } = repository;
  const text = run([...box, '--diff'], { RECONCILE_DEBUG: '1' });
  expect(text.exit, text.stdout + text.stderr).toBe(exit);
  for (const args of isLong ? otherWays : [otherWays[turn++ % otherWays.length]!]) run(args);
  expect(repository.heard()).toEqual([]);
  return text.stdout + text.stderr;
}

describe('a run that fails lets no secret out', () => {
  it.each([
    ['an undefined variable beside a secret', 65, '- { kind: file, path: /x, content: "{{ secrets.content }} {{ nope }}" }'],
    ['a template that cannot be parsed', 65, '- { kind: file, path: /x, template: bad.j2 }'],
    [
      'filters that cannot read it',
      65,
      `- { kind: file, path: /x, content: "{{ secrets.content | from_json }}" }
- { kind: file, path: /y, content: "{{ secrets.special | from_yaml }}" }
- { kind: file, path: /z, content: "{{ number.foo }} {{ 'x' | regex_search(secrets.content ~ '(') }}" }
- { kind: file, path: /w, content: "{{ document.nope }}" }
- { kind: file, path: /v, content: "{{ [1][number] }}" }`,
    ],
    ['a key that nothing reads', 65, '- { kind: file, path: /x, content: "{{ secrets.content }}", key: "{{ secrets.json }}" }'],
    ['a ban that it matches', 7, '- { kind: file, path: "{{ target }}/x", content: "{{ vault_checked }}" }'],
    [
      'a program that prints what it was given',
      6,
      `- { kind: command, name: bad, argv: [sh, -c, 'exec >&2; echo "$K" | ${everyCoat}; exit 3'], creates: /never, env: { K: "{{ secrets.printed }}" } }`,
    ],
    [
      'a program that prints a short secret',
      6,
      '- { kind: command, name: bad, argv: [sh, -c, "env >&2; exit 3"], creates: /never, env: { K: "{{ secrets.short }}", P: "{{ secrets.pem }}" } }',
    ],
    [
      'a program that prints files that others made',
      6,
      `- { kind: command, name: bad, argv: [sh, -c, 'cd "$0"; exec >&2; base64 -w0 pem; cat pem made c.yaml; exit 3', "{{ target }}"], creates: /never }`,
    ],
    [
      'a check that prints the file',
      6,
      '- { kind: file, path: "{{ target }}/x", content: "{{ secrets.special | upper }}", validate: [sh, -c, "cat $0 >&2; exit 1", "%s"] }',
    ],
    [
      'a check that prints a file with keys',
      6,
      '- { kind: config, path: "{{ target }}/x.json", set: { a: "{{ secrets.short | upper }}" }, validate: [sh, -c, "cat $0; exit 1", "%s"] }',
    ],
    ['a target that cannot be had', 7, '- { kind: file, path: "{{ target }}/taken", content: "{{ secrets.content }}" }'],
    ['a target above others', 65, '- { kind: file, path: "{{ target }}", content: "{{ secrets.content }}" }'],
  ])('%s', async (_title, exit, resources) => {
    using repository = await makeSecretRepository();
    mkdirSync(join(repository.target, 'taken'));
    repository.write('desired-state/templates/bad.j2', '{{ secrets.content }}{% if %}');
    if (exit === 7) repository.write('desired-state/policy.yaml', 'banned: { patterns: ["canary-checked"] }\n');
    repository.resources(before + resources, { roles: '[]' });

    failsSilently(repository, exit);
  });

  it.each([
    ['a parameter that is too short', '{ token: "{{ secrets.short[:2] }}" }'],
    ['a parameter of another type', '{ token: "{{ number }}", options: "{{ secrets.parameter }}" }'],
    ['a parameter with keys that are not allowed', '{ token: "{{ secrets.parameter }}", options: { list: "{{ keyed }}" } }'],
    ['a parameter that the role does not have', '{ token: "{{ secrets.parameter }}", more: "{{ secrets.content }}" }'],
  ])('%s', async (_title, given) => {
    using repository = await makeSecretRepository();
    repository.resources(before, { roles: `[{ role: app, with: ${given} }]` });

    failsSilently(repository, 65);
  });

  it('an identity or password that does not fit, or that others can read', async () => {
    using repository = await makeSecretRepository();
    const { keys } = repository;
    repository.resources(before, { roles: '[]' });

    chmodSync(keys.age, 0o644);
    expect(failsSilently(repository, 65)).toContain(`the age identity ${keys.age} can be read by others`);
    chmodSync(keys.age, 0o600);
    writeFileSync(keys.age, await generateX25519Identity());
    expect(failsSilently(repository, 65)).toContain('is not among its recipients');
    writeFileSync(keys.vault, 'another');
    expect(failsSilently(repository, 65)).toContain('no ansible-vault password of this host fits');
  });
});

const target = '"{{ target }}/x"';

describe('a secret in a place that would show it is refused', () => {
  const places: readonly (readonly [title: string, resource: string])[] = [
    ['path', '- { kind: file, path: "/{{ secrets.content }}", content: x }'],
    ['path with a number', '- { kind: directory, path: "/{{ number }}" }'],
    ['mode', `- { kind: file, path: ${target}, content: x, mode: "{{ secrets.digits }}" }`],
    ['owner and group', `- { kind: file, path: ${target}, content: x, owner: "{{ secrets.content }}", group: "{{ number }}" }`],
    ['after', `- { kind: file, path: ${target}, content: x, after: ["{{ secrets.content }}"] }`],
    ['notify', `- { kind: file, path: ${target}, content: x, notify: "{{ secrets.content }}" }`],
    ['tags', `- { kind: file, path: ${target}, content: x, tags: ["{{ secrets.short }}"] }`],
    ['on_drift', `- { kind: file, path: ${target}, content: x, on_drift: "{{ secrets.content }}" }`],
    ['when', `- { kind: file, path: ${target}, content: x, when: "{{ secrets.content }}" }`],
    ['for_each', '- { kind: file, path: "/{{ item }}", content: x, for_each: "{{ secrets.content }}" }'],
    ['an item in a path', '- { kind: file, path: "/{{ item }}", content: x, for_each: ["{{ secrets.content }}"] }'],
    ['a key in a path', '- { kind: file, path: "/{{ item.key }}", content: x, for_each: "{{ keyed }}" }'],
    ['a key of an item in a path', '- { kind: file, path: "/{{ item | first }}", content: x, for_each: "{{ keyed.list }}" }'],
    ['keys to set', `- { kind: config, path: ${target}, format: yaml, set: "{{ keyed }}" }`],
    ['keys in a list to set', `- { kind: config, path: ${target}, format: yaml, set: { a: "{{ keyed.list }}" } }`],
    ['a secret as a key to set', `- { kind: config, path: ${target}, format: yaml, set: "{{ {secrets.content: 2} }}" }`],
    ['names of an environment', '- { kind: command, argv: [run], creates: /x, env: "{{ keyed }}" }'],
    ['source', `- { kind: file, path: ${target}, source: "{{ secrets.content }}" }`],
    ['template', `- { kind: file, path: ${target}, template: "{{ secrets.content }}" }`],
    ['validate', `- { kind: file, path: ${target}, content: x, validate: ["{{ secrets.content }}", "%s"] }`],
    ['target of a link', `- { kind: link, path: ${target}, target: "{{ secrets.content }}" }`],
    ['source of a tree', `- { kind: tree, path: ${target}, source: "{{ secrets.content }}", include: ["{{ secrets.json }}"] }`],
    ['unset', `- { kind: config, path: ${target}, format: yaml, unset: ["{{ secrets.content }}"] }`],
    ['part of a text format', `- { kind: config, path: ${target}, format: ini, set: { a: { b: ["{{ secrets.content }}"] } } }`],
    ['lines of a dotenv file', `- { kind: config, path: ${target}, format: dotenv, set: { "A B": "{{ secrets.special }}" } }`],
    ['command of cron', '- { kind: cron, name: c, schedule: "@daily", command: "echo {{ secrets.content }}" }'],
    [
      'environment of cron',
      '- { kind: cron, name: c, schedule: "@daily", command: "x", env: { A: "{{ secrets.json }}", B: "{{ number }}" } }',
    ],
    ['schedule', '- { kind: cron, name: c, schedule: "{{ secrets.content }}", command: x }'],
    [
      'a provider chain',
      `- { kind: provider_chain, path: ${target}, chain: [{ provider: "{{ secrets.content }}", model: "{{ secrets.json }}", base_url: "https://u:{{ secrets.toml }}@h.example/", key_env: "{{ vault_ini }}", timeout: "{{ number }}" }] }`,
    ],
    [
      'a key in a provider chain',
      `- { kind: provider_chain, path: ${target}, chain: [{ provider: gemini, model: m, key_env: "{{ vault_ini }}" }] }`,
    ],
    [
      'schema of a database',
      `- { kind: sqlite, path: ${target}, schema: "CREATE TABLE a (b TEXT DEFAULT '{{ secrets.content }}');" }`,
    ],
    ['argv', '- { kind: command, argv: [echo, "{{ secrets.content }}"], creates: /x }'],
    ['argv as one text', '- { kind: command, argv: "{{ secrets.content }}", creates: /x }'],
    [
      'other words of a command',
      '- { kind: command, name: "{{ secrets.content }}", argv: [x], creates: "/{{ secrets.json }}", cwd: "/{{ vault_ini }}", user: "{{ secrets.toml }}", timeout: "{{ number }}" }',
    ],
    ['kind', '- { kind: "{{ secrets.content }}" }'],
  ];

  it('one by one of many, all at once', async () => {
    using repository = await makeSecretRepository();
    repository.resources(places.map(([, resource]) => resource).join('\n'), { roles: '[]' });

    expect(repository.run(['validate']).exit).toBe(65);
    const { exit, stdout } = repository.run([...box, '-o', 'json']);

    expect(exit).toBe(65);
    const lines = (JSON.parse(stdout) as Report).problems.map(({ at }) => at?.line);
    const site = readFileSync(join(repository.path, 'desired-state/site.yaml'), 'utf8').split('\n');
    const lineOf = (resource: string): number => site.findIndex((line) => line.endsWith(resource)) + 1;
    expect(places.filter(([, resource]) => !lines.includes(lineOf(resource))).map(([title]) => title)).toEqual([]);
    expect(repository.heard()).toEqual([]);
  });
});

it('a run that is ended by a signal puts the secrets back, and shows none', async () => {
  using repository = await makeSecretRepository();
  const { path, env } = repository;
  repository.resources(
    `${before}- { kind: command, name: slow, argv: [sleep, "60"], creates: /never, env: { K: "{{ secrets.printed }}" } }`,
    {
      roles: '[]',
    },
  );
  const child = spawn(process.execPath, [program, ...box, '-o', 'ndjson'], {
    cwd: path,
    env: { PATH: process.env['PATH'], ...env },
  });
  const closed = once(child, 'close');
  const lines: string[] = [];

  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line.includes('"applying"') && line.includes('command[slow]')) child.kill('SIGTERM');
  }

  expect(await closed).toEqual([6, null]);
  expect(canariesIn(lines.join('\n'))).toEqual([]);
  expect(existsSync(join(repository.target, 'pem'))).toBe(false);
  repository.run(['show', 'latest']);
  expect(repository.heard()).toEqual([]);
});
