import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { timer } from '../../src/resources/types/timer.ts';
import { theLaws } from '../support/laws.ts';
import { openRig } from '../support/resource-rig.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { prepare } from './converge-kind.ts';

const nightly = { name: 'backup', schedule: '*-*-* 02:00', persistent: true };

theLaws(timer, [
  { name: 'makes a timer and enables it', attributes: nightly },
  { name: 'changes its schedule', attributes: { ...nightly, schedule: ['Mon 03:00', 'hourly'] }, before: nightly },
  { name: 'disables it', attributes: { ...nightly, enabled: false, state: 'stopped' }, before: nightly },
  { name: 'removes it', attributes: { name: 'backup', ensure: 'absent' }, before: nightly },
]);

describe('a timer', () => {
  it('is written as systemd reads it', async () => {
    using directory = temporaryDirectory();
    using rig = openRig(directory.path, [timer]);
    const attributes = { ...nightly, every: '5m', after_boot: '2m', random_delay: '30s', starts: 'dump@db', description: '100%' };

    await rig.apply([rig.resource(timer, attributes)]);

    expect(readFileSync(join(rig.root, 'etc/systemd/system/backup.timer'), 'utf8')).toBe(`# Managed by reconcile.
[Unit]
Description=100%%

[Timer]
OnCalendar=*-*-* 02:00
OnBootSec=2m
OnUnitActiveSec=5m
Persistent=true
AccuracySec=1m
RandomizedDelaySec=30s
Unit=dump@db.service

[Install]
WantedBy=timers.target
`);
  });

  it('comes after what it starts, as systemd does not start it before', () => {
    const requires = (attributes: object) => timer.requires?.(prepare(timer, attributes).desired);

    expect(requires(nightly)).toEqual(['service[backup]']);
    expect(requires({ ...nightly, starts: 'dump@db', user: 'app' })).toEqual([
      'user[app]',
      'service[app/dump@db]',
      'service[app/dump@]',
    ]);
    expect(requires({ name: 'apt-daily.timer', enabled: false })).toEqual([]);
  });

  it('is started and enabled unless told, and an existing one is left as it is unless told', () => {
    expect(prepare(timer, nightly).desired).toMatchObject({ name: 'backup.timer', enabled: true, state: 'started' });
    const adopted = prepare(timer, { name: 'apt-daily.timer', enabled: false });
    expect(adopted).toMatchObject({ id: 'apt-daily', desired: { name: 'apt-daily.timer', enabled: false } });
    expect(adopted.desired).not.toHaveProperty('state');
  });

  it.each([
    ['nothing that says when', { name: 'x', starts: 'y' }, 'schedule or every is needed'],
    ['persistence without a calendar', { name: 'x', every: '5m', persistent: true }, '"persistent" goes with "schedule"'],
    ['a schedule with a typing error', { name: 'x', schedule: 'dayly' }, 'expected a calendar expression'],
    ['a schedule of cron', { name: 'x', schedule: ['daily', '0 3 * * *'] }, 'expected a calendar expression'],
    ['a line break in a schedule', { name: 'x', schedule: 'daily\nUnit=evil.service' }, 'expected a calendar expression'],
    ['a masked timer of its own', { ...nightly, masked: true }, 'a masked timer has no unit file'],
  ])('with %s is a problem', (_what, attributes, problem) => {
    expect(prepare(timer, attributes).problems.join('\n')).toContain(problem);
  });
});
