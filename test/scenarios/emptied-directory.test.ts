import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, site, type Repository } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

const budget = { 'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n', 'desired-state/files/o/x/y': 'y' };
const here = (kind: string, path: string, more = ''): string => `- { kind: ${kind}, path: ${path}${more} }\n`;
const gone = (kind: string, path: string): string => here(kind, path, ', ensure: absent');
const other = here('file', '/other', ', content: x');
const directories = here('directory', '/srv/a') + here('directory', '/srv/a/b');
const files =
  here('file', '/srv/a/in', ', content: x') +
  here('file', '/srv/a/b/c', ', content: x') +
  here('link', '/srv/a/b/d', ', target: c');
const all = other + directories + files;

const standing = ({ root }: Repository): string => snapshot(root, { ignore: (path) => path === '/var' });

function open(resources: string, given?: (root: string) => void): Repository {
  const repository = makeRepository(resources, budget);
  mkdirSync(join(repository.root, 'srv'));
  expect(repository.report()).toMatchObject({ outcome: 'converged', problems: [] });
  given?.(repository.root);
  return repository;
}

const edit = (root: string): void => writeFileSync(join(root, 'srv/a/b/c'), 'mine');

it.each<[what: string, from: string, to: string, given?: (root: string) => void]>([
  ['all that left git', all, gone('directory', '/srv/a')],
  ['what left git and was edited', all, gone('directory', '/srv/a'), edit],
  [
    'what is to be absent too',
    all,
    ['directory[/srv/a', 'directory[/srv/a/b', 'file[/srv/a/in', 'file[/srv/a/b/c', 'link[/srv/a/b/d']
      .map((each) => each.split('[') as [string, string])
      .map(([kind, path]) => gone(kind, path))
      .join(''),
  ],
  [
    'what is to be absent and came otherwise',
    other,
    gone('directory', '/srv/a') + gone('download', '/srv/a/d') + gone('compose, project: p', '/srv/a/c.yml'),
    (root) => {
      mkdirSync(join(root, 'srv/a'));
      for (const name of ['d', 'c.yml']) writeFileSync(join(root, 'srv/a', name), 'theirs');
    },
  ],
  ['a tree that left git', other + here('tree', '/srv/a', ', source: o'), gone('directory', '/srv/a')],
])('a directory that is to be absent goes after %s, and comes back with it', (_what, from, to, given) => {
  using repository = open(from, given);
  const before = standing(repository);
  repository.write('desired-state/site.yaml', site(other + to));

  expect(repository.report(['--check'])).toMatchObject({ exit: 2, problems: [] });
  expect(repository.report()).toMatchObject({ outcome: 'converged', problems: [] });
  expect(
    standing(repository)
      .split('\n')
      .map((line) => line.split(' ')[0]),
  ).toEqual(['/other', '/srv']);
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });

  expect(repository.cli('rollback', '--root', repository.root).exit).toBe(0);
  expect(standing(repository)).toBe(before);
});

it.each<[what: string, from: string, to: string, given?: (root: string) => void]>([
  ['something of others', all, gone('directory', '/srv/a'), (root) => writeFileSync(join(root, 'srv/a/b/theirs'), '')],
  ['what is to be kept', all.replace('{ kind: link,', '{ prune: no, kind: link,'), gone('directory', '/srv/a')],
])('a directory that is to be absent is refused with %s in it', (_what, from, to, given) => {
  using repository = open(from, given);
  const before = standing(repository);
  repository.write('desired-state/site.yaml', site(other + to));

  const { exit, problems } = repository.report();

  expect(exit).toBe(7);
  expect(problems).toMatchObject([{ address: 'directory[/srv/a]', message: expect.stringContaining('is not empty') as string }]);
  expect(standing(repository)).toBe(before);
});

it('a directory that is to be absent goes where a download is to be absent that never was', () => {
  using repository = open(other, (root) => mkdirSync(join(root, 'srv/a')));
  repository.write('desired-state/site.yaml', site(other + gone('directory', '/srv/a') + gone('download', '/srv/a/d')));

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
});

it('a file may stand below a path where a download is to be absent', () => {
  using repository = open(other + gone('download', '/srv/a') + here('file', '/srv/a/in', ', content: x'));

  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [] });
});

it.each([
  here('file', '/srv/a/in', ', content: x'),
  here('directory', '/srv/a/b/c'),
  here('config', '/srv/a/k.yaml', ', set: { a: 1 }'),
])('a directory cannot be absent and hold what is wanted: %s', (inside) => {
  using repository = makeRepository(gone('directory', '/srv/a') + inside);

  expect(repository.report()).toMatchObject({
    exit: 65,
    problems: [
      {
        code: 'below-file',
        message: expect.stringContaining('lies below /srv/a, which directory[/srv/a] makes no directory') as string,
      },
    ],
  });
});

it('a path below a file is told also where something between the two is to be absent', () => {
  using repository = makeRepository(
    here('file', '/srv/a', ', content: x') + gone('link', '/srv/a/b') + here('link', '/srv/a/b/c', ', target: x'),
  );

  expect(repository.report()).toMatchObject({ exit: 65, problems: [{ code: 'below-file' }] });
});

it('a file goes where one below its path is to be absent, too', () => {
  using repository = open(other, (root) => writeFileSync(join(root, 'srv/a'), 'theirs'));
  repository.write('desired-state/site.yaml', site(other + gone('file', '/srv/a') + gone('file', '/srv/a/b/c')));

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
});
