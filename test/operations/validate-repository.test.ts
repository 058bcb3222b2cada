import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { validateRepository } from '../../src/operations/validate-repository.ts';
import { openWorkingTree } from '../../src/source/working-tree.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

it('who interrupts it waits for one host, not for all', async () => {
  using directory = temporaryDirectory();
  for (const name of ['inventory', 'desired-state']) mkdirSync(join(directory.path, name));
  writeFileSync(join(directory.path, 'desired-state/site.yaml'), 'assignments: []\n');
  writeFileSync(join(directory.path, 'inventory/hosts.yml'), 'all: { hosts: { "web[1:500]": } }\n');
  const revision = openWorkingTree(directory.path);
  const abort = new AbortController();
  expect((await validateRepository(revision, { signal: abort.signal })).hosts).toHaveLength(500);

  const validating = validateRepository(revision, { signal: abort.signal });
  setTimeout(() => abort.abort(new Error('SIGINT was received')), 0);

  await expect(validating).rejects.toThrow('SIGINT was received');
});
