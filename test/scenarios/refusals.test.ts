import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ProblemCode } from '../../src/model/problem.ts';
import { makeRepository, site } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

const isState = (path: string): boolean => path === '/var';

const refused: readonly (readonly [code: ProblemCode, resources: string, live: string, message: string])[] = [
  [
    'max-shrink',
    '- { kind: file, path: /etc/live, content: "short\\n" }',
    'x'.repeat(5_000),
    'file[/etc/live]: /etc/live would shrink from 5000 to 6 bytes',
  ],
  [
    'unreadable-target',
    '- { kind: config, path: /etc/live, format: json, set: { a: 1 } }',
    '{ "a": [1, }\n',
    'config[/etc/live]: /etc/live ',
  ],
];

it.each(refused)('%s: nothing is written, exit 7, and the place is named', (code, resources, live, message) => {
  using repository = makeRepository(resources);
  mkdirSync(join(repository.root, 'etc'));
  writeFileSync(join(repository.root, 'etc/live'), live);
  const before = snapshot(repository.root, { ignore: isState });

  const { exit, stdout } = repository.run();

  expect(stdout).toContain(`desired-state/site.yaml:4:9  ${message}`);
  expect(stdout).toContain(`[${code}]`);
  expect(exit).toBe(7);
  expect(snapshot(repository.root, { ignore: isState })).toBe(before);
  expect(readFileSync(join(repository.root, 'etc/live'), 'utf8')).toBe(live);
});

it.each([
  ['other bytes', '- { kind: file, path: /etc/live, content: "new\\n" }'],
  ['another mode', '- { kind: file, path: /etc/live, content: "A=0\\n", mode: "0600" }'],
  ['a file less', '- { kind: file, path: /etc/live, ensure: absent }'],
  ['a key', '- { kind: config, path: /etc/live, format: dotenv, set: { A: "1" } }'],
  ['a tree', '- { kind: tree, path: /etc, source: etc }'],
])('a file with a second name is refused where %s would part the two', (_what, resources) => {
  using repository = makeRepository(resources, { 'desired-state/files/etc/live': 'of the tree\n' });
  const live = join(repository.root, 'etc/live');
  mkdirSync(join(repository.root, 'etc'));
  writeFileSync(live, 'A=0\n');
  linkSync(live, join(repository.root, 'etc/second'));

  const { exit, problems } = repository.report();

  expect(problems).toMatchObject([{ code: 'unsafe-target', message: '/etc/live has another name (hard link)' }]);
  expect(exit).toBe(7);
  expect(statSync(live).nlink).toBe(2);
});

it('a file with a second name that is as it should be is left in peace', () => {
  using repository = makeRepository('- { kind: file, path: /etc/live, content: "A=0\\n" }');
  repository.run();
  linkSync(join(repository.root, 'etc/live'), join(repository.root, 'etc/second'));

  expect(repository.run().exit).toBe(0);
});

const tree = '- { kind: tree, path: /srv/o, source: o }';
const a = '- { kind: file, path: /srv/a, content: "a\\n" }';
const below = '- { kind: file, path: /srv/a/deep/g, content: "g\\n" }';
const isFile = { code: 'unsafe-target', message: '/srv/a is a file; move it away by hand', address: 'file[/srv/a/deep/g]' };

interface Obstacle {
  readonly what: string;
  /** Applied before, with the files of the repository that are gone then. */
  readonly before?: readonly [resources: string, files?: Readonly<Record<string, string>>];
  readonly given?: (root: string) => void;
  readonly resources: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly problems: readonly object[];
}

const obstacles: readonly Obstacle[] = [
  {
    what: 'a file of a tree where a directory is wanted',
    before: [tree, { 'desired-state/files/o/a': 'a\n' }],
    given: (root) => writeFileSync(join(root, 'srv/o/a'), 'mine\n'),
    resources: tree,
    files: { 'desired-state/files/o/a/deep/in': 'in\n' },
    problems: [{ code: 'unsafe-target', message: '/srv/o/a is a file; move it away by hand' }],
  },
  {
    what: 'a directory of a tree where a file is wanted',
    before: [tree, { 'desired-state/files/o/d/y': 'y\n' }],
    given: (root) => writeFileSync(join(root, 'srv/o/d/theirs'), 'mine\n'),
    resources: tree,
    files: { 'desired-state/files/o/d': 'd\n' },
    problems: [{ code: 'unsafe-target', message: '/srv/o/d is a directory; move it away by hand' }],
  },
  {
    what: 'a file that became a directory with something in it',
    before: [a],
    given: (root) => writeFileSync(join(root, 'srv/a'), 'mine\n'),
    resources: `- { kind: directory, path: /srv/a }\n${below}`,
    problems: [
      { code: 'unsafe-target', message: '/srv/a is a file, where a directory is wanted', address: 'directory[/srv/a]' },
      isFile,
    ],
  },
  {
    what: 'a file on the way to another',
    given: (root) => writeFileSync(join(root, 'srv/a'), 'mine\n'),
    resources: below,
    problems: [isFile],
  },
  {
    what: 'a fifo on the way to a file',
    given: (root) => execFileSync('mkfifo', [join(root, 'srv/a')]),
    resources: below,
    problems: [{ code: 'unsafe-target', message: '/srv/a is a device, fifo or socket; move it away by hand' }],
  },
  {
    what: 'a link to a file on the way to another',
    given: (root) => {
      writeFileSync(join(root, 'srv/b'), 'mine\n');
      symlinkSync('b', join(root, 'srv/a'));
    },
    resources: below,
    problems: [{ code: 'symlink-in-path', message: '/srv/a is a symbolic link; nothing is written through it' }],
  },
];

it.each(obstacles)(
  '$what is refused by its path, as the check predicts',
  ({ before, given, resources, files = {}, problems }) => {
    using repository = makeRepository(before?.[0] ?? resources, before?.[1] ?? files);
    mkdirSync(join(repository.root, 'srv'));
    if (before) {
      expect(repository.run().exit).toBe(0);
      rmSync(join(repository.path, 'desired-state/files'), { recursive: true, force: true });
      repository.write('desired-state/site.yaml', site(resources));
      for (const [name, content] of Object.entries(files)) repository.write(name, content);
    }
    given?.(repository.root);
    const stood = snapshot(repository.root, { ignore: isState });

    for (const args of [['--check'], []]) {
      const report = repository.report(args);
      expect(report.exit).toBe(7);
      expect(report.problems).toHaveLength(problems.length);
      expect(report.problems).toMatchObject(problems);
    }
    expect(snapshot(repository.root, { ignore: isState })).toBe(stood);
  },
);

it('what is to be absent below a file is absent', () => {
  using repository = makeRepository('- { kind: file, path: /srv/a/g, ensure: absent }');
  mkdirSync(join(repository.root, 'srv'));
  writeFileSync(join(repository.root, 'srv/a'), 'mine\n');

  for (let run = 0; run < 2; run++) expect(repository.run().exit).toBe(0);
  expect(readFileSync(join(repository.root, 'srv/a'), 'utf8')).toBe('mine\n');
});
