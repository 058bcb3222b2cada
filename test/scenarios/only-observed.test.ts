import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository, site } from '../support/repository.ts';
import { snapshot } from '../support/snapshot.ts';

const isState = (path: string): boolean => path.startsWith('/var');
const observed = (resources: string): string => site(resources).replace('hosts: all', 'hosts: all\n    mode: observe');

describe('what has left git stays where', () => {
  const motd = '- { kind: file, path: /etc/motd, content: x }';
  const issue = '- { kind: file, path: /etc/issue, content: x }';
  const kept = {
    outcome: 'converged',
    steps: [{ address: 'file[/etc/motd]', action: 'remove', cause: 'orphan', outcome: 'held' }],
  };

  it('all assignments of the host observe, also when the same commit says so, and goes when they enforce again', () => {
    using repository = makeRepository(`${motd}\n${issue}\n`);
    repository.run();

    repository.write('desired-state/site.yaml', observed(issue));
    expect(repository.report()).toMatchObject(kept);
    expect(existsSync(join(repository.root, 'etc/motd'))).toBe(true);

    repository.write('desired-state/site.yaml', site(issue));
    expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
  });

  it('the assignment that it left observed it before, beside others that enforce; a person may confirm its removal', () => {
    using repository = makeRepository(`${motd}\n${issue}\n`);
    repository.run();
    const both = (resources: string): string => `${site(issue)}${observed(resources).replace('assignments:\n', '')}`;
    repository.write('desired-state/site.yaml', both(motd));
    repository.run();

    repository.write('desired-state/site.yaml', both('- { kind: file, path: /etc/other, content: x }'));

    expect(repository.report()).toMatchObject({ steps: expect.arrayContaining([expect.objectContaining(kept.steps[0]!)]) });
    expect(existsSync(join(repository.root, 'etc/motd'))).toBe(true);
    const plan = join(repository.path, '../plan.json');
    repository.run(['plan', '-o', plan]);
    repository.cli('apply', plan);
    expect(existsSync(join(repository.root, 'etc/motd'))).toBe(false);
  });

  it('its role observes, beside roles that enforce', () => {
    const roles = (mode: string): string =>
      `assignments:\n  - { hosts: all, roles: [base] }\n  - { hosts: all, mode: ${mode}, roles: [web] }\n`;
    const role = (resources: string): string => `summary: x\nresources:\n${resources}\n`;
    using repository = makeRepository('', { 'roles/base/role.yaml': role(issue), 'roles/web/role.yaml': role(motd) });
    repository.write('desired-state/site.yaml', roles('enforce'));
    repository.run();

    repository.write('desired-state/site.yaml', roles('observe'));
    repository.write('roles/web/role.yaml', 'summary: x\nresources: []\n');

    expect(repository.report()).toMatchObject(kept);
  });
});

it('a host whose own policy observes is compared, and never changed, whatever git says', () => {
  using repository = makeRepository(
    '- { kind: file, path: /etc/motd, content: x }\n- { kind: file, path: /etc/issue, content: x }',
  );
  const policy = join(repository.path, '../host.yaml');
  const env = { RECONCILE_HOST_POLICY: policy };
  writeFileSync(policy, 'mode: enforce\n');
  repository.report([], env);
  writeFileSync(policy, 'mode: observe\n');
  repository.write('desired-state/site.yaml', site('- { kind: file, path: /etc/issue, content: y }'));
  const before = snapshot(repository.root, { ignore: isState });

  const { steps } = repository.report([], env);

  expect(steps.map(({ address, outcome }) => `${address} ${outcome}`)).toEqual(['file[/etc/issue] held', 'file[/etc/motd] held']);
  expect(snapshot(repository.root, { ignore: isState })).toBe(before);
});
