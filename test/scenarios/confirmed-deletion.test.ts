import { existsSync, writeFileSync } from 'node:fs';
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

it.each(['hold', 'report'])(
  'what left git with "on_drift: %s" goes, but with local changes only with a plan that a person applies',
  (way) => {
    using repository = makeRepository(
      `
- { kind: file, path: /srv/kept, content: kept }
- { kind: file, path: /srv/as-ours, content: ours, owner: "4001", on_drift: ${way} }
- { kind: tree, path: /srv/tree, source: tree, owner: "4001", on_drift: ${way} }
- { kind: config, path: /srv/keys.yaml, set: { a: 1, b: 2 }, on_drift: ${way} }
- { kind: file, path: /srv/edited, content: ours, owner: "4001", on_drift: ${way} }
`,
      { 'desired-state/files/tree/a': 'a', 'desired-state/policy.yaml': 'destroy: { max_delete_percent: 100 }\n' },
    );
    const at = (name: string): string => join(repository.root, 'srv', name);
    expect(repository.report().outcome).toBe('converged');
    for (const name of ['edited', 'tree/a']) writeFileSync(at(name), 'theirs');
    writeFileSync(at('keys.yaml'), 'a: 1\nb: 3\n');
    repository.write('desired-state/site.yaml', site('- { kind: file, path: /srv/kept, content: kept }'));

    const { steps } = repository.report();

    expect(steps.map(({ address, outcome }) => `${outcome} ${address}`).toSorted()).toEqual([
      'changed file[/srv/as-ours]',
      'held config[/srv/keys.yaml]',
      'held file[/srv/edited]',
      'held tree[/srv/tree]',
    ]);
    expect(steps.find(({ outcome }) => outcome === 'held')?.reason).toContain('left git, but was changed here');
    expect(existsSync(at('as-ours'))).toBe(false);

    const plan = join(repository.root, '../plan.json');
    runCli(['plan', '-o', plan, '--source', repository.path, '--host', 'box', '--root', repository.root]);
    expect(runCli(['apply', plan]).exit).toBe(0);
    expect([at('edited'), at('tree')].map((path) => existsSync(path))).toEqual([false, false]);
    expect(repository.report()).toMatchObject({ outcome: 'converged', steps: [] });
  },
);
