import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../src/model/report.ts';
import { canaries, canariesIn } from '../support/canaries.ts';
import { everyPlace, makeSecretRepository, type SecretRepository } from '../support/secret-repository.ts';

const box = ['--host', 'box'];
/** Of the resources every n-th is explained. */
const stride = process.env['LONG'] === '1' ? 1 : 8;
const formats = [[], ['-o', 'json'], ['-o', 'ndjson']];

const git = ({ path }: SecretRepository, ...args: readonly string[]): void => {
  spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@host.example', ...args], { cwd: path });
};
const report = (repository: SecretRepository, args: readonly string[]): Report =>
  JSON.parse(repository.run([...args, '-o', 'json']).stdout) as Report;

it('the canaries are listened for in every coat', () => {
  const token = Buffer.from(canaries.json);

  expect(canariesIn('nothing of the kind')).toEqual([]);
  expect(canariesIn(`x${Buffer.concat([Buffer.from('ab'), token]).toString('base64')}`)).not.toEqual([]);
  expect(canariesIn(token.toString('hex'))).not.toEqual([]);
  expect(canariesIn(JSON.stringify({ a: canaries.special }))).not.toEqual([]);
  expect(canariesIn('MIIcanaryPemLineTwoCc7Dd6==')).not.toEqual([]);
});

it('no command lets a secret out, whatever it is made to tell', { timeout: 180_000 }, async () => {
  using repository = await makeSecretRepository();
  const { run, target } = repository;
  const debug = { RECONCILE_DEBUG: '1' };
  git(repository, 'init', '-q');
  git(repository, 'add', '.');
  git(repository, 'commit', '-qm', 'first');

  for (const format of formats) expect(run(['--check', '--diff', ...box, ...format], debug).exit).toBe(2);
  for (const rest of [[], ['-o', 'json'], box]) expect(run(['validate', ...rest]).exit).toBe(0);
  expect(run([...box, '-o', 'ndjson'], debug).exit).toBe(0);
  for (const rest of [[], ['--paranoid', '-o', 'json']]) expect(run([...box, ...rest]).stdout).toMatch(/converged/i);
  for (const format of formats) run(['history', ...format]);
  for (const format of formats) expect(run(['rollback', '--check', ...format]).exit).toBe(2);
  const { steps } = report(repository, ['show', 'latest', '--diff']);
  expect(steps.length).toBeGreaterThan(25);
  for (const [index, { address }] of steps.entries())
    if (index % stride === 0) run(['explain', address, ...box, ...formats[(index / stride) % 2]!]);
  for (const file of ['etc/content', 'etc/pem', 'app/app.conf', 'etc/c.yaml', 'etc/number'])
    expect(run(['adopt', join(target, file), ...box]).exit).toBe(7);
  for (const args of [
    'inventory --list',
    'inventory --host box',
    'inventory --graph',
    'secret show-recipients',
    'doctor',
    'schema',
  ])
    run(args.split(' '));
  for (const file of ['etc/content', 'etc/c.yaml', 'etc/c.env', 'etc/c.toml', 'etc/special', 'app/app.conf', 'etc/digits'])
    appendFileSync(join(target, file), '\n# drift\n');
  for (const format of formats) expect(run(['--check', '--diff', ...box, ...format], debug).exit).toBe(3);
  const plan = join(target, '../plan.json');
  expect(run(['plan', '-o', plan, '--diff', ...box]).exit).toBe(0);
  expect(canariesIn(readFileSync(plan))).toEqual([]);
  expect(run(['apply', plan]).exit).toBe(0);
  for (const format of formats.slice(0, 2)) expect(run(['rollback', ...format]).exit).toBe(0);
  run(['history', '-o', 'json']);

  expect(repository.heard()).toEqual([]);
});

it('every target gets its secret to the byte, and nobody else may read it', async () => {
  using repository = await makeSecretRepository();
  const { target } = repository;

  expect(repository.run(box).exit).toBe(0);

  const read = (file: string): string => readFileSync(join(target, file), 'utf8');
  expect(read('etc/pem')).toBe(canaries.pem);
  expect(read('etc/special')).toBe(canaries.special);
  expect(read('etc/digits')).toBe(canaries.digits);
  expect(read('etc/chained')).toBe(`postgres://app:${canaries.chained}@db/app?ssl=1`);
  expect(read('etc/filed')).toBe(`${canaries.filed} postgres://app:${canaries.filed}@db/app`);
  expect(read('etc/encoded')).toBe(Buffer.from(canaries.encoded).toString('base64'));
  expect(read('etc/keyed')).toBe('canary-key-yA82\nlist\n');
  expect(read('etc/keys')).toBe('canary-key-yA82 list');
  expect(read('app/keyed')).toBe('canary-key-yA82\nlist\n');
  expect(read('etc/made')).toBe(canaries.environment);
  expect(read('etc/c.yaml')).toContain('port: 50613371');
  expect(JSON.parse(read('etc/c.json'))).toEqual({ harmless: canaries.json, special: canaries.special });
  expect(JSON.parse(read('app/options'))).toEqual({ deep: [canaries.nested], port: Number(canaries.digits) });
  expect(existsSync(join(target, 'etc/plain'))).toBe(true);
  for (const file of ['etc/unasked', 'etc/keyed', 'etc/keys', 'app/keyed'])
    expect(statSync(join(target, file)).mode & 0o777, file).toBe(0o600);
  expect(repository.heard()).toEqual([]);
});

it('a secret that rotates changes its file, and no old or new text is shown', async () => {
  using repository = await makeSecretRepository();
  repository.run(box);
  await repository.secret('content', 'canary-content-rotated');
  await repository.secret('json', 'canary-json-rotated');

  for (const format of formats) repository.run(['--check', '--diff', ...box, ...format]);
  const { stdout } = repository.run([...box, '--diff']);

  expect(stdout).toContain('2 changed');
  expect(stdout).toContain('contents hold a secret and are not shown');
  expect(readFileSync(join(repository.target, 'etc/content'), 'utf8')).toContain('canary-content-rotated');
  repository.run(['show', 'latest', '--diff', '-o', 'json']);
  expect(repository.heard()).toEqual([]);
  expect(readFileSync(join(repository.state, 'state.db'), 'latin1')).not.toContain('rotated');
});

it('a secret that leaves the configuration is not shown by the change that takes it out', async () => {
  using repository = await makeSecretRepository();
  repository.run(box);
  // From secret to plain text, from one kind to another, out of a shared file, and out of git.
  const plain = everyPlace
    .replace('content: "a={{ secrets.content }}\\n{{ secrets.content | reverse }}"', 'content: "a=public\\n"')
    .replace('{{ secrets.digits | int }}', '42')
    .replace('harmless: "{{ secrets.json }}", ', 'harmless: public, ')
    .replace(/- \{ kind: file, path: "\{\{ target \}\}\/etc\/nested".*\n/, '')
    .replace(
      /- \{ kind: file, path: "\{\{ target \}\}\/etc\/document".*\n/,
      '- { kind: config, path: "{{ target }}/etc/document", format: ini, set: { main.a: b } }\n',
    )
    .replace(/- \{ kind: file, path: "\{\{ target \}\}\/etc\/(?:chained|pem)".*\n/g, '')
    .concat('\n- { kind: tree, path: "{{ target }}/etc", source: overlay, mode: "0600", dir_mode: "0755" }\n');
  repository.write('desired-state/files/overlay/chained', 'public\n');
  repository.write('desired-state/files/overlay/pem', 'public\n');
  writeFileSync(join(repository.target, 'etc/document'), `[main]\nuser = ${canaries.document.slice(10, 30)}\n`);
  repository.resources(plain.replace('- { kind: directory, path: "{{ target }}/etc", mode: "0755" }\n', ''));

  for (const format of formats) repository.run(['--check', '--diff', ...box, ...format]);
  const { stdout, exit } = repository.run([...box, '--diff']);
  repository.run(['show', 'latest', '--diff', '-o', 'json']);

  expect(exit, stdout).toBe(0);
  expect(readFileSync(join(repository.target, 'etc/chained'), 'utf8')).toBe('public\n');
  expect(repository.heard()).toEqual([]);
});

it('a secret that a person wrote into another file is not shown when that is put right', async () => {
  using repository = await makeSecretRepository();
  repository.resources(`${everyPlace}- { kind: file, path: "{{ target }}/etc/open", content: "open\\n" }\n`);
  repository.run(box);
  const lines = [canaries.toml, canaries.chained, Buffer.from(canaries.nested).toString('base64'), canaries.short];
  writeFileSync(join(repository.target, 'etc/open'), `open\n${lines.join('\n')}\n`);

  for (const format of formats) repository.run(['--check', '--diff', ...box, ...format]);
  const { stdout } = repository.run([...box, '--diff']);

  expect(stdout).toContain('-<secret>');
  expect(repository.heard()).toEqual([]);
});
