import { existsSync, globSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeRepository } from '../support/repository.ts';

const role = `summary: A backup every night.
resources:
  - kind: service
    name: backup
    unit_template: backup.service.j2
  - kind: service
    name: watcher
    unit: |
      [Service]
      ExecStart=/usr/local/bin/watch
      [Install]
      WantedBy=multi-user.target
    enabled: true
    state: started
  - kind: timer
    name: backup
    schedule: "*-*-* 02:00"
health:
  - unit: { name: watcher }
  - unit: { name: backup.timer, active_for: 0s }
`;
const template = '[Service]\nType=oneshot\nExecStart=/usr/local/bin/backup {{ inventory_hostname }}\n';
const files = {
  'roles/night/role.yaml': role,
  'roles/night/templates/backup.service.j2': template,
  'desired-state/site.yaml': 'assignments:\n  - hosts: box\n    roles: [night]\n',
};

it('an image gets its units and the links that enable them, and the report says what waits for a live host', () => {
  using repository = makeRepository('[]', files);
  const at = (path: string): string => join(repository.root, 'etc/systemd/system', path);

  const first = repository.report();

  expect(first).toMatchObject({ outcome: 'converged', counts: { create: 3 }, refreshes: [], health: [] });
  expect(first.summary).toBe('Applied and verified: 3 added, 0 changed, 0 removed; skipped 2 health checks: needs a live host');
  expect(first.steps.map(({ address, reason }) => [address, reason])).toEqual([
    ['service[backup]', undefined],
    ['service[watcher]', 'its state needs a live host'],
    ['timer[backup]', 'its state needs a live host'],
  ]);
  expect(readFileSync(at('backup.service'), 'utf8')).toContain('ExecStart=/usr/local/bin/backup box\n');
  expect(readlinkSync(at('multi-user.target.wants/watcher.service'))).toBe('/etc/systemd/system/watcher.service');
  expect(readlinkSync(at('timers.target.wants/backup.timer'))).toBe('/etc/systemd/system/backup.timer');
  expect(lstatSync(at('backup.timer')).mode & 0o7777).toBe(0o644);
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0 });

  repository.write(
    'roles/night/role.yaml',
    role.replace(/ {2}- kind: timer[^]*?02:00"\n/, '').replace(/ {2}- unit: \{ name: backup[^\n]*\n/, ''),
  );
  expect(repository.report()).toMatchObject({ outcome: 'converged', counts: { remove: 1 } });
  expect(existsSync(at('backup.timer'))).toBe(false);
  expect(existsSync(at('timers.target.wants/backup.timer'))).toBe(false);
});

it('a unit that another target wants is wanted by that one only', () => {
  using repository = makeRepository('[]', files);
  const links = (): readonly string[] =>
    globSync('*.wants/watcher.service', { cwd: join(repository.root, 'etc/systemd/system') });
  repository.run();
  repository.write('roles/night/role.yaml', role.replace('multi-user', 'graphical'));

  expect(repository.run(['--check']).exit).toBe(2);
  expect(repository.report()).toMatchObject({ outcome: 'converged' });
  expect(links()).toEqual(['graphical.target.wants/watcher.service']);

  repository.cli('rollback', '--root', repository.root);
  expect(links()).toEqual(['multi-user.target.wants/watcher.service']);
});
