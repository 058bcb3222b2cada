import { linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ProblemCode } from '../../src/model/problem.ts';
import { makeRepository } from '../support/repository.ts';
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
