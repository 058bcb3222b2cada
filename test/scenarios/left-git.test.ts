import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
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
