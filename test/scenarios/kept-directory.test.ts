import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';

const budget = { 'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n' };
const nothing = site('- { kind: file, path: /motd, content: x }');

it('a directory that left git goes when it is empty; one that is not stays, and that is said', () => {
  using repository = makeRepository('- { kind: directory, path: /srv/empty }\n- { kind: directory, path: /srv/used }\n', budget);
  expect(repository.report().outcome).toBe('converged');
  writeFileSync(join(repository.root, 'srv/used/mine'), 'mine');
  repository.write('desired-state/site.yaml', nothing);

  const report = repository.report();

  expect(report).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
  expect(report.summary).toContain('1 removed; kept directory[/srv/used]: something is in it');
  expect(report.steps.filter(({ cause }) => cause === 'orphan')).toMatchObject([
    { address: 'directory[/srv/used]', outcome: 'unchanged', reason: 'kept: something is in it' },
    { address: 'directory[/srv/empty]', outcome: 'changed' },
  ]);
  expect(existsSync(join(repository.root, 'srv/empty'))).toBe(false);
  expect(existsSync(join(repository.root, 'srv/used/mine'))).toBe(true);
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
});

it('a tree that left git leaves what is not its own, and says so', () => {
  using repository = makeRepository('- { kind: tree, path: /srv/tree, source: tree }\n', { 'desired-state/files/tree/a/b': 'b' });
  expect(repository.report().outcome).toBe('converged');
  writeFileSync(join(repository.root, 'srv/tree/a/mine'), 'mine');
  repository.write('desired-state/site.yaml', nothing);

  const report = repository.report();

  expect(report.summary).toContain('1 removed; kept tree[/srv/tree]: something else is in it');
  expect(report.steps.find(({ cause }) => cause === 'orphan')).toMatchObject({
    outcome: 'changed',
    reason: 'kept: something else is in it',
  });
  expect(existsSync(join(repository.root, 'srv/tree/a/b'))).toBe(false);
  expect(existsSync(join(repository.root, 'srv/tree/a/mine'))).toBe(true);
  expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [], writes: 0 });
});
