import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';

it.each([
  ['undeclared', ''],
  ['declared', '- { kind: directory, path: /srv/tree/sub }\n'],
])(
  'a tree that purges everything leaves an %s directory in which others have something, and nothing else in it',
  (_what, more) => {
    const tree = '- { kind: tree, path: /srv/tree, source: tree, purge: all }\n';
    const file = '- { kind: file, path: /srv/tree/sub/deep/file, content: theirs }\n';
    using repository = makeRepository(tree + more + file, { 'desired-state/files/tree/a': 'a' });
    const foreign = join(repository.root, 'srv/tree/sub/foreign');

    expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { create: more === '' ? 2 : 3 } });
    expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
    writeFileSync(foreign, 'mine');
    const healed = repository.report();

    expect(healed).toMatchObject({
      outcome: 'converged',
      steps: [{ address: 'tree[/srv/tree]', changes: [{ field: 'sub/foreign', to: null }] }],
    });
    expect(existsSync(foreign)).toBe(false);
    expect(existsSync(join(repository.root, 'srv/tree/sub/deep/file'))).toBe(true);
    expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
  },
);

it('a tree that purges everything goes through a directory that another one leaves in the same run', () => {
  const tree = '- { kind: tree, path: /srv/tree, source: tree, purge: all }\n';
  const files = { 'desired-state/files/tree/a': 'a', 'desired-state/files/deep/in/the/tree': 'x' };
  using repository = makeRepository('- { kind: tree, path: /srv/tree/of/others, source: deep }\n', files);
  expect(repository.report().outcome).toBe('converged');
  repository.write('desired-state/site.yaml', site(tree));

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
  expect(readdirSync(join(repository.root, 'srv/tree'))).toEqual(['a']);
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
});

it.each([
  ['a name that is not UTF-8', (path: string) => writeFileSync(Buffer.concat([Buffer.from(path), Buffer.of(0xff)]), 'x')],
  ['a device, fifo or socket', (path: string) => void execFileSync('mkfifo', [path])],
])('a tree that purges everything refuses %s, which nothing could put back, before the first write', (what, make) => {
  const tree = '- { kind: tree, path: /srv/tree, source: tree, purge: all }\n';
  using repository = makeRepository(tree, { 'desired-state/files/tree/a': 'a' });
  repository.run();
  const theirs = join(repository.root, 'srv/tree/theirs');
  mkdirSync(theirs);
  writeFileSync(join(theirs, 'file'), 'x');
  make(join(theirs, 'odd'));

  const { exit, problems } = repository.report();

  const message = expect.stringMatching(`^/srv/tree/theirs/odd.* is ${what}; move it away by hand$`) as string;
  expect(problems).toMatchObject([{ code: 'unsafe-target', message }]);
  expect(exit).toBe(7);
  expect(readdirSync(theirs)).toHaveLength(2);
});

it.each([
  ['link', '- { kind: link, path: /srv/a, target: b }'],
  ['file', '- { kind: file, path: /srv/a, content: x }'],
])('a link to a name that is not UTF-8, which nothing could put back, is not replaced by a %s', (_kind, resources) => {
  using repository = makeRepository(resources);
  const path = join(repository.root, 'srv/a');
  const target = Buffer.of(0x61, 0xff);
  mkdirSync(dirname(path));
  symlinkSync(target, path);

  const report = repository.report();

  expect(report.outcome).toBe('rolledBack');
  expect(JSON.stringify(report)).toContain('/srv/a is a link to a name that is not UTF-8; it is not replaced');
  expect(readlinkSync(path, 'buffer')).toEqual(target);
});
