import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { makePublicKey } from '../support/public-key.ts';
import { makeRepository } from '../support/repository.ts';

const policy = parse(readFileSync(resolve(import.meta.dirname, '../../desired-state/policy.yaml'), 'utf8')) as {
  readonly protected_paths: readonly unknown[];
};
const key = (user: string): string => `- { kind: authorized_key, user: ${user}, key: ${makePublicKey(1)} }\n`;
const protectedPaths = { 'desired-state/policy.yaml': JSON.stringify({ protected_paths: policy.protected_paths }) };

it('the keys of people are those that authorized_key lets in', () => {
  using repository = makeRepository(key('ada'), protectedPaths);

  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { create: 1 } });
  expect(existsSync(join(repository.root, 'home/ada/.ssh/authorized_keys'))).toBe(true);
});

it.each([
  ['a file among the keys of a person', '- { kind: file, path: /home/ada/.ssh/authorized_keys, content: x }\n'],
  ['a configuration of ssh', '- { kind: file, path: /srv/app/.ssh/config, content: x }\n'],
  ['a link in the place of the directory', '- { kind: link, path: /home/ada/.ssh, target: /srv/keys }\n'],
  ['a key of root', key('root')],
])('%s is refused', (_what, resources) => {
  using repository = makeRepository(resources, protectedPaths);

  expect(repository.report()).toMatchObject({ outcome: 'refused', writes: 0, problems: [{ code: 'protected-path' }] });
});
