import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { makeRepository, site } from '../support/repository.ts';

it('what left git with "prune: confirm" goes only with a plan that a person applies', () => {
  using repository = makeRepository(`
- { kind: file, path: /srv/kept, content: kept }
- { kind: file, path: /srv/ledger, content: precious, prune: confirm }
`);
  const target = join(repository.root, 'srv/ledger');
  expect(repository.report().outcome).toBe('converged');
  repository.write('desired-state/site.yaml', site('- { kind: file, path: /srv/kept, content: kept }'));

  const held = repository.report();
  expect(held.steps).toMatchObject([{ address: 'file[/srv/ledger]', cause: 'orphan', action: 'remove', outcome: 'held' }]);
  expect(repository.report(['--check']).summary).toContain('0 of 2 resources would change, 1 differs and is held');
  expect(existsSync(target)).toBe(true);

  const plan = join(repository.root, '../plan.json');
  const { exit, stderr } = runCli(['plan', '-o', plan, '--source', repository.path, '--host', 'box', '--root', repository.root]);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  expect(stderr).toContain('and removes the 1 that waits for a person');
  expect(runCli(['apply', plan]).exit).toBe(0);
  expect(existsSync(target)).toBe(false);
});
