import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeRepository, type Repository } from '../support/repository.ts';
import { runCli } from '../support/run-cli.ts';

const resources = `
- { kind: file, path: /etc/app.conf, source: app.conf, mode: '0640' }
- { kind: file, path: /etc/by-name.conf, source: '{{ inventory_hostname }}.conf' }
- { kind: file, path: /etc/token, content: "{{ secrets.token }}\\n", mode: '0600' }
- { kind: file, path: /etc/private, source: private.conf, sensitive: true }
- { kind: file, path: /etc/made, template: made.j2 }
- { kind: file, path: /etc/inline, content: "inline\\n" }
- { kind: config, path: /etc/app.yaml, set: { a: 1 } }
- { kind: directory, path: /srv }
- { kind: tree, path: /srv/tree, source: overlay }
`;

let repository: Repository;
let env: { readonly [name: string]: string };
async function open(): Promise<void> {
  const identity = await generateX25519Identity();
  repository = makeRepository(resources, {
    'desired-state/files/app.conf': 'app\n',
    'desired-state/files/private.conf': 'private\n',
    'desired-state/files/box.conf': 'of box\n',
    'desired-state/files/overlay/bin/run': '#!/bin/sh\n',
    'desired-state/files/overlay/text': 'text\n',
    'desired-state/templates/made.j2': 'made for {{ inventory_hostname }}\n',
    'desired-state/secrets/recipients.txt': `${await identityToRecipient(identity)}\n`,
  });
  env = { RECONCILE_AGE_KEY_FILE: join(dirname(repository.root), 'age.key') };
  writeFileSync(env['RECONCILE_AGE_KEY_FILE']!, `${identity}\n`, { mode: 0o600 });
  const set = ['secret', 'set', 'token', '--source', repository.path];
  expect(runCli(set, { input: 'canary-4711\n' }).exit).toBe(0);
  expect(repository.run([], env).exit).toBe(0);
}
const close = (): void => repository[Symbol.dispose]();

const live = (path: string): string => join(repository.root, path);
const source = (path: string): string => join(repository.path, 'desired-state/files', path);
const adopt = (path: string) => repository.run(['adopt', path], env);

describe('a file whose content comes from a file of the repository', () => {
  beforeEach(open);
  afterEach(close);

  it.each([
    ['/etc/app.conf', 'app.conf'],
    ['/etc/by-name.conf', 'box.conf'],
    ['/srv/tree/text', 'overlay/text'],
    ['/srv/tree/bin/run', 'overlay/bin/run'],
  ])('%s goes back into %s, and the next run has nothing to do but to record it', (path, file) => {
    const { mode } = statSync(source(file));
    writeFileSync(live(path), 'edited here\n');

    const { exit, stdout } = adopt(path);

    expect(exit).toBe(0);
    expect(stdout).toContain(`desired-state/files/${file}: written from ${path} (12 bytes)`);
    expect(readFileSync(source(file), 'utf8')).toBe('edited here\n');
    expect(statSync(source(file)).mode).toBe(mode);
    const report = repository.report([], env);
    expect(report).toMatchObject({ exit: 0, outcome: 'converged', writes: 0 });
    expect(report.steps.filter(({ cause }) => cause !== 'adopted')).toEqual([]);
    expect(report.steps.length).toBeGreaterThan(0);
    expect(repository.report(['--check'], env)).toMatchObject({ exit: 0, steps: [] });
  });

  it('that is as the repository has it is left alone', () => {
    const before = statSync(source('app.conf')).mtimeMs;

    expect(adopt('/etc/app.conf').stdout).toContain('already has the live content');
    expect(statSync(source('app.conf')).mtimeMs).toBe(before);
  });

  it('is binary on both sides, and is taken byte for byte', () => {
    const bytes = Buffer.from([0, 1, 255, 10]);
    writeFileSync(source('app.conf'), Buffer.from([0, 255]));
    writeFileSync(live('/etc/app.conf'), bytes);

    expect(adopt('/etc/app.conf').exit).toBe(0);
    expect(readFileSync(source('app.conf'))).toEqual(bytes);
  });
});

it('changes of the source file that are in no commit are not overwritten', () => {
  using place = makeRepository('- { kind: file, path: /etc/one, source: one.txt }', { 'desired-state/files/one.txt': 'one\n' });
  place.commit('one');
  place.run();
  const file = join(place.path, 'desired-state/files/one.txt');
  writeFileSync(file, 'mine\n');
  writeFileSync(join(place.root, 'etc/one'), 'edited here\n');
  const adoptIt = () => place.run(['adopt', '/etc/one']);

  expect(adoptIt()).toMatchObject({
    exit: 7,
    stderr: expect.stringMatching(/one\.txt has changes that are in no commit[^]*commit them, or take them back/) as string,
  });
  expect(readFileSync(file, 'utf8')).toBe('mine\n');

  place.commit('mine');
  expect(adoptIt().exit).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('edited here\n');
});

it('of two resources on one line, the file of the one that is meant is written', () => {
  const one = '{ kind: file, path: /etc/one, source: one.txt }';
  const two = '{ kind: file, path: /etc/two, source: two.txt }';
  const files = { 'desired-state/files/one.txt': 'one\n', 'desired-state/files/two.txt': 'two\n' };
  using place = makeRepository('', {
    ...files,
    'desired-state/site.yaml': `assignments:\n  - hosts: all\n    resources: [${one}, ${two}]\n`,
  });
  expect(place.run().exit).toBe(0);
  writeFileSync(join(place.root, 'etc/two'), 'edited here\n');

  const { stdout } = place.run(['adopt', '/etc/two']);

  expect(stdout).toContain('desired-state/files/two.txt: written from /etc/two');
  const [first, second] = Object.keys(files).map((file) => readFileSync(join(place.path, file), 'utf8'));
  expect({ first, second }).toEqual({ first: 'one\n', second: 'edited here\n' });
});

describe('refused, with a reason and what to do, and nothing is written:', () => {
  beforeAll(open);
  afterAll(close);

  it.each([
    ['/etc/token', 'is sensitive', 'see desired-state/site.yaml:7:'],
    ['/etc/private', 'is sensitive', 'see desired-state/site.yaml:8:'],
    ['/etc/made', 'made from the template desired-state/templates/made.j2', 'change the template'],
    ['/etc/inline', 'stands in desired-state/site.yaml:10:', 'change it there'],
    ['/etc/app.yaml', 'config[/etc/app.yaml] has no source file', 'change it in desired-state/site.yaml:11:'],
    ['/srv', 'directory[/srv] has no source file', 'desired-state/site.yaml:12:'],
    ['/srv/foreign', 'nothing manages /srv/foreign', 'reconcile explain /srv/foreign'],
    ['/srv/tree', '/srv/tree is a directory', 'name one of its files'],
    ['/srv/tree/new', 'is none of the files of tree[/srv/tree]', 'copy it to desired-state/files/overlay/new'],
    ['/nowhere', 'nothing manages /nowhere', 'explain'],
    ['config[nowhere]', 'nothing manages config[nowhere]', 'explain'],
  ])('%s', (path, reason, hint) => {
    if (path.startsWith('/') && !['/srv', '/srv/tree'].includes(path)) writeFileSync(live(path), 'edited\n');

    const { exit, stderr, stdout } = adopt(path);

    expect(stderr).toContain(reason);
    expect(stderr).toContain(hint);
    expect(stdout).toBe('');
    expect(exit).toBe(7);
  });

  it.each([
    ['link', (path: string) => symlinkSync('/x', path)],
    ['directory', (path: string) => mkdirSync(path)],
  ])('a %s in the place of a file', (what, make) => {
    rmSync(live('/etc/app.conf'), { recursive: true, force: true });
    make(live('/etc/app.conf'));

    const { exit, stderr } = adopt('/etc/app.conf');

    expect(stderr).toContain(`/etc/app.conf is a ${what} here`);
    expect(stderr).toContain('move it away by hand');
    expect(exit).toBe(7);
    rmSync(live('/etc/app.conf'), { recursive: true });
  });

  it('a file that was deleted here', () => {
    rmSync(live('/srv/tree/text'));

    const { exit, stderr } = adopt('/srv/tree/text');

    expect(stderr).toContain('there is no file /srv/tree/text here');
    expect(stderr).toContain('remove desired-state/files/overlay/text from the repository');
    expect(exit).toBe(7);
  });

  it('a text that somebody put a secret into', () => {
    writeFileSync(live('/etc/app.conf'), 'password = canary-4711\n');

    const { exit, stderr } = adopt('/etc/app.conf');

    expect(stderr).toContain('holds the text of a secret');
    expect(stderr).not.toContain('canary');
    expect(exit).toBe(7);
    expect(readFileSync(source('app.conf'), 'utf8')).toBe('app\n');
  });

  it('what is no file, by its address too', () => {
    const { exit, stderr } = adopt('config[/etc/app.yaml]');

    expect(stderr).toContain('config[/etc/app.yaml] has no source file');
    expect(exit).toBe(7);
  });

  it('a text that became binary', () => {
    writeFileSync(live('/etc/app.conf'), Buffer.from([0, 1]));

    const { exit, stderr } = adopt('/etc/app.conf');

    expect(stderr).toContain('is binary now');
    expect(exit).toBe(7);
    expect(readFileSync(source('app.conf'), 'utf8')).toBe('app\n');
  });

  it('everything, while the documents have problems', () => {
    repository.write('roles/broken/role.yaml', 'sumary: x\n');

    const { exit, stderr } = adopt('/etc/app.conf');

    expect(stderr).toContain('roles/broken/role.yaml:1:1');
    expect(exit).toBe(65);
  });
});
