import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recallStatus } from '../../src/agent/recall-status.ts';
import { makeLiveRepository } from '../support/live-repository.ts';

const role = 'summary: well\nresources: []\nhealth:\n  - command: { argv: [test, -e, "{{ base }}/well"], within: 100ms }\n';
const motd = (content: string): string => `resources: [{ kind: file, path: "{{ base }}/a", content: ${content} }]`;

it('a host without an agent tells what the health checks said of what stands there', () => {
  using repository = makeLiveRepository('[]', { 'roles/own/role.yaml': role });
  const apply = (rest: string) => {
    repository.write('desired-state/site.yaml', `assignments:\n  - { hosts: all, ${rest} }\n`);
    return repository.report();
  };
  const stateDirectory = repository.env['RECONCILE_STATE_DIR']!;
  const health = () => recallStatus({ name: 'box', stateDirectory, isEnabled: false }).health;
  repository.put('well', '');

  expect(apply(motd('one')).outcome).toBe('converged');
  expect(health()).toBeUndefined();
  const { startedAt, outcome } = apply(`roles: [own], ${motd('two')}`);
  expect(outcome).toBe('converged');
  const good = { at: expect.any(String) as string, checks: 1 };
  expect(health()).toEqual(good);
  expect(Date.parse(health()!.at)).toBeGreaterThanOrEqual(Date.parse(startedAt));

  rmSync(join(repository.base, 'well'));
  expect(apply(`roles: [own], ${motd('three')}`).outcome).toBe('rolledBack');
  expect(health()).toEqual(good);
  expect(apply(motd('four')).outcome).toBe('converged');
  expect(health()).toBeUndefined();
});
