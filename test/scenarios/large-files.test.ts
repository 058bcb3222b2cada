import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { largestUndo } from '../../src/model/undo-limit.ts';
import { makeRepository, type Repository } from '../support/repository.ts';

const mebibyte = 1024 ** 2;
const enormous = 1024 ** 4;

/** A file without anything in it takes no time. */
function grow({ root }: Repository, name: string, size: number): string {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '', { flag: 'a' });
  truncateSync(path, size);
  return path;
}

it.each([
  ['is replaced', '- { kind: file, path: /srv/a/log, content: "short\\n", max_shrink: false }', '65.0 MiB → 6 bytes'],
  ['is removed', '- { kind: file, path: /srv/a/log, ensure: absent }', 'removed, 65.0 MiB'],
  ['foreign to a tree is removed', '- { kind: tree, path: /srv/a, source: a, purge: all }', 'removed, 65.0 MiB'],
])('a file of 65 MiB that %s is told by its size', (_what, resources, shown) => {
  using repository = makeRepository(resources, { 'desired-state/files/a/b': 'b\n' });
  const path = grow(repository, 'srv/a/log', 65 * mebibyte);

  const { exit, steps, problems } = repository.report();

  expect(problems).toEqual([]);
  expect(exit).toBe(0);
  expect(steps.flatMap(({ diffs }) => diffs.map(({ text }) => text))).toContain(`too large to show: ${shown}`);
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(resources.includes('content') ? 'short\n' : '');
});

it.each([
  ['file', 'content: "short\\n", max_shrink: false'],
  ['file', 'ensure: absent'],
  ['download', 'ensure: absent'],
])('a %s that a rollback could not bring back is refused with its address', (kind, attributes) => {
  using repository = makeRepository(`
- { kind: ${kind}, path: /srv/a/log, ${attributes} }
- { kind: file, path: /srv/b, content: "b\\n" }`);
  // Nobody waits until so much is read.
  const path = grow(repository, 'srv/a/log', enormous);

  const { exit, problems } = repository.report();

  const message = `/srv/a/log has ${enormous} bytes; a rollback could not bring back more than ${largestUndo}`;
  expect(problems).toMatchObject([{ code: 'unsafe-target', address: `${kind}[/srv/a/log]`, message }]);
  expect(exit).toBe(7);
  expect(statSync(path).size).toBe(enormous);
});

it('a seeded file may grow, also where providers are banned', () => {
  using repository = makeRepository('- { kind: file, path: /srv/seed, content: "seed\\n", create_only: true }', {
    'desired-state/policy.yaml': 'banned: { patterns: [evil] }\n',
  });
  repository.run();
  const path = grow(repository, 'srv/seed', 2 * mebibyte);

  expect(repository.run().exit).toBe(0);
  expect(repository.run(['--check']).exit).toBe(0);
  expect(statSync(path).size).toBe(2 * mebibyte);
});
