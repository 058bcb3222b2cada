import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

const other = '- { kind: file, path: /srv/other, content: x }\n';

it.each([
  ['file', '{ kind: file, path: /srv/it, ensure: absent }', (path: string) => writeFileSync(path, 'theirs')],
  ['directory', '{ kind: directory, path: /srv/it, ensure: absent }', (path: string) => mkdirSync(path)],
  ['link', '{ kind: link, path: /srv/it, ensure: absent }', (path: string) => symlinkSync('theirs', path)],
  [
    'file in a tree that purged all',
    '{ kind: tree, path: /srv/tree, source: tree, purge: all }',
    (path: string) => writeFileSync(join(dirname(path), 'tree/it'), 'theirs'),
  ],
])('a %s that others make after git has let go of it stays', (_what, resource, make) => {
  using repository = makeRepository(`${other}- ${resource}\n`, { 'desired-state/files/tree/a': 'a' });
  expect(repository.report().outcome).toBe('converged');
  repository.write('desired-state/site.yaml', site(other));
  make(join(repository.root, 'srv/it'));
  const theirs = (): string => snapshot(join(repository.root, 'srv'), { ignore: (path) => path === '/tree/a' });
  const before = theirs();

  expect(repository.report()).toMatchObject({ outcome: 'converged' });
  expect(theirs()).toBe(before);
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
});

const keys = '- { kind: config, path: /srv/app.yaml, set: { a: 1, mine.b: 2 } }\n';

it.each([
  ['cannot be edited', (path: string) => writeFileSync(path, 'mine: [')],
  ['is a link', (path: string) => (rmSync(path), symlinkSync('theirs.yaml', path))],
])('keys that left git are held where their file %s, and go once that can be read', (_what, spoil) => {
  using repository = makeRepository(keys);
  const path = join(repository.root, 'srv/app.yaml');
  repository.report();
  repository.write('desired-state/site.yaml', site(other));
  spoil(path);

  const held = repository.report();

  expect(held).toMatchObject({ outcome: 'converged', counts: { held: 1 } });
  expect(held.steps.find(({ outcome }) => outcome === 'held')).toMatchObject({
    address: 'config[/srv/app.yaml]',
    reason: expect.stringMatching(/^left git; not removed, as it cannot be inspected: \/srv\/app\.yaml /) as string,
  });
  expect(existsSync(join(repository.root, 'srv/other'))).toBe(true);
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0, counts: { held: 1 } });
  rmSync(path);
  writeFileSync(path, 'theirs: 1\na: 1\n');
  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { held: 0 } });
  expect(readFileSync(path, 'utf8')).toBe('theirs: 1\n');
});

it('keys that left git are let go where somebody has made a directory of their file', () => {
  using repository = makeRepository(keys);
  repository.report();
  repository.write('desired-state/site.yaml', site(other));
  rmSync(join(repository.root, 'srv/app.yaml'));
  mkdirSync(join(repository.root, 'srv/app.yaml'));

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { held: 0 } });
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
});

it.each([
  [
    'file',
    'lies behind a link',
    '/srv/in is a symbolic link',
    (srv: string) => {
      renameSync(join(srv, 'in'), join(srv, 'real'));
      symlinkSync('real', join(srv, 'in'));
    },
  ],
  [
    'file',
    'has another name',
    '/srv/in/it has another name (hard link)',
    (srv: string) => linkSync(join(srv, 'in/it'), join(srv, 'theirs')),
  ],
  [
    'tree',
    'has another name',
    '/srv/in/it has another name (hard link)',
    (srv: string) => linkSync(join(srv, 'in/it'), join(srv, 'theirs')),
  ],
])('a %s that left git is held where it %s, and keeps the host from nothing else', (kind, _what, why, spoil) => {
  const one = kind === 'file' ? 'path: /srv/in/it, content: a' : 'path: /srv/in, source: tree';
  using repository = makeRepository(`- { kind: ${kind}, ${one} }\n`, { 'desired-state/files/tree/it': 'a' });
  repository.report();
  repository.write('desired-state/site.yaml', site(other));
  const srv = join(repository.root, 'srv');
  spoil(srv);

  const held = repository.report();

  expect(held).toMatchObject({ exit: 0, outcome: 'converged', problems: [], counts: { create: 1, held: 1 } });
  expect(held.steps.find(({ outcome }) => outcome === 'held')?.reason).toContain(`left git; not removed: ${why}`);
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0, counts: { held: 1 } });
  expect(readFileSync(join(srv, 'in/it'), 'utf8')).toBe('a');
  rmSync(join(srv, 'theirs'), { force: true });
  if (existsSync(join(srv, 'real'))) {
    rmSync(join(srv, 'in'));
    renameSync(join(srv, 'real'), join(srv, 'in'));
  }
  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { remove: 1, held: 0 } });
  expect(existsSync(join(srv, 'in/it'))).toBe(false);
});

it('keys that left git go with their file, where a tree purges that', () => {
  using repository = makeRepository(keys, { 'desired-state/files/tree/a': 'a' });
  repository.report();
  repository.write('desired-state/site.yaml', site('- { kind: tree, path: /srv, source: tree, purge: all }\n'));

  expect(repository.report()).toMatchObject({ outcome: 'converged' });
  expect(existsSync(join(repository.root, 'srv/app.yaml'))).toBe(false);
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
});

it.each([
  ['link', 'file, path: /srv/it, content: x'],
  ['directory', 'file, path: /srv/it, content: x'],
  ['link', 'config, path: /srv/it, format: ini, set: { a.b: 1 }'],
])('what left git goes where a %s is to be absent now: %s', (kind, before) => {
  using repository = makeRepository(`${other}- { kind: ${before} }\n`);
  repository.report();
  repository.write('desired-state/site.yaml', site(`${other}- { kind: ${kind}, path: /srv/it, ensure: absent }\n`));

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
  const it = join(repository.root, 'srv/it');
  expect(existsSync(it) ? readFileSync(it, 'utf8').trim() : '').toBe('');
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
});
