import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sha256 } from '../../src/model/json.ts';
import { makeRepository } from '../support/repository.ts';

const build = /"build":"[^"]+"/;

it('what another build of the same version has compiled and proved is not trusted: it is compiled and looked at again', () => {
  using repository = makeRepository('- { kind: file, path: /etc/motd, content: "moin\\n" }');
  const state = (name: string): string => join(repository.root, 'var/lib/timmy-reconciler', name);
  repository.run();
  expect(repository.report().planDigest).toBeNull();
  const stamp = readFileSync(state('converged'), 'latin1');
  expect(stamp).toMatch(build);
  writeFileSync(state('converged'), stamp.replace(build, '"build":"0123456789abcdef"'), 'latin1');

  expect(repository.report().planDigest).not.toBeNull();
  expect(repository.report().planDigest).toBeNull();

  const catalog = readFileSync(state('catalog'), 'utf8');
  const text = catalog.slice(catalog.indexOf('\n') + 1);
  expect(text).toMatch(build);
  const other = text.replace(build, '"build":"0123456789abcdef"').replaceAll('0644', '0600');
  writeFileSync(state('catalog'), `${sha256(other)}\n${other}`);
  writeFileSync(join(repository.root, 'etc/motd'), 'drift\n');
  expect(repository.report(['--diff'])).toMatchObject({ outcome: 'converged', counts: { update: 1 } });
  expect(readFileSync(state('catalog'), 'utf8')).toBe(catalog);
});
