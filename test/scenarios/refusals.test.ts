import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
