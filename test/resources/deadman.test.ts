import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/deadman/settings.ts';
import { deadman } from '../../src/resources/types/deadman.ts';
import { theLaws } from '../support/laws.ts';
import { makeRepository, site } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { writeBelow } from '../support/write-below.ts';
import { converge, prepare } from './converge-kind.ts';

const ezra = { agent: 'ezra', unit: { name: 'hermes-ezra.service' } };
const settingsFile = '/etc/reconcile-deadman/ezra.json';
const cronFile = '/etc/cron.d/deadman-ezra';

theLaws(deadman, [
  { name: 'makes settings and a cron.d file', attributes: ezra },
  { name: 'makes settings and a marked entry of a crontab', attributes: { ...ezra, in: 'crontab' } },
  { name: 'follows a changed limit', attributes: { ...ezra, failures: 4 }, before: ezra },
  { name: 'follows a changed interval', attributes: { ...ezra, check_interval: '10m' }, before: ezra },
  {
    name: 'replaces settings and a job that somebody else wrote',
    attributes: ezra,
    given: (root) => (writeBelow(root, settingsFile, '{}'), writeBelow(root, cronFile, '* * * * * root other\n')),
  },
  { name: 'moves to a crontab', attributes: { ...ezra, in: 'crontab', settings: '/etc/ezra.json' }, before: ezra },
  { name: 'removes both', attributes: { agent: 'ezra', ensure: 'absent' }, before: ezra },
  {
    name: 'removes its entry among foreign lines',
    attributes: { agent: 'ezra', in: 'crontab', ensure: 'absent' },
    before: { ...ezra, in: 'crontab' },
    given: (root) => writeBelow(root, '/etc/motd', 'hello\n'),
  },
]);

describe('what a deadman may say', () => {
  it.each([
    ['nothing to look at', { agent: 'ezra', restart: ['true'] }, 'agent: needs something to look at: unit, gateway or heartbeat'],
    ['nothing to restart', { agent: 'ezra', heartbeat: { stamp: '/tmp/x' } }, 'restart: is required unless there is a unit'],
    ['a rollback of nothing', { ...ezra, action: 'rollback' }, 'config: is required for "action: rollback"'],
    [
      'an interval that cron cannot keep',
      { ...ezra, check_interval: '7m' },
      'check_interval: must be whole minutes that divide an hour',
    ],
    ['an interval below a minute', { ...ezra, check_interval: '30s' }, 'check_interval: must be whole minutes'],
    ['a name that climbs', { ...ezra, agent: '../x' }, 'agent: expected letters'],
    ['a dotted name, whose file cron would ignore', { ...ezra, agent: 'a.b' }, 'agent: expected letters'],
    ['a unit with a blank', { ...ezra, unit: { name: 'a b' } }, 'unit.name: expected the name of a unit'],
    ['a gateway that is no URL', { ...ezra, gateway: { url: 'file:///etc/passwd' } }, 'gateway.url: expected a URL'],
    ['no bad check at all', { ...ezra, failures: 0 }, 'failures'],
    ['a shell line', { ...ezra, restart: 'systemctl restart x' }, 'restart'],
    ['an unknown limit', { ...ezra, retries: 3 }, 'retries'],
    ['an unknown channel', { ...ezra, alerts: [{ type: 'pigeon' }] }, 'alerts.0'],
  ])('not %s', (_what, attributes, problem) => {
    expect(prepare(deadman, attributes).problems.join('\n')).toContain(problem);
  });

  it('absent needs no more than the name', () => {
    expect(prepare(deadman, { agent: 'ezra', ensure: 'absent' })).toMatchObject({
      problems: [],
      id: 'ezra',
      desired: { settings: null },
    });
  });
});

describe('what a deadman makes', () => {
  const made = (attributes: object) => JSON.parse(prepare(deadman, attributes).desired.settings as string) as Record<string, any>;

  it('has the limits of the fleet unless told', () => {
    const minute = 60_000;
    expect(made(ezra)).toMatchObject({
      agent: 'ezra',
      state_dir: '/var/lib/reconcile-deadman/ezra',
      snapshot_dir: '/var/lib/reconcile-deadman/ezra/snapshots',
      snapshot_keep: 10,
      limits: {
        check_interval: 5 * minute,
        failures: 3,
        clear_after: 2,
        max_restarts: 3,
        episode: 24 * 60 * minute,
        restart_cooldown: 10 * minute,
        startup_grace: 2 * minute,
        alert_cooldown: 60 * minute,
        silence_note: 4 * 60 * minute,
        silence_alarm: 8 * 60 * minute,
        alarm_test_every: 30 * 24 * 60 * minute,
        unheard_after: 60 * minute,
        action: 'restart',
      },
      machine: { min_disk_free_percent: 10, max_swap_used_percent: 80 },
      alerts: [],
    });
  });

  it('is what the watchdog reads', async () => {
    using root = temporaryDirectory();
    await converge(deadman, { ...ezra, gateway: { url: 'http://127.0.0.1:8648/health' }, config: ['/etc/x'] }, root.path);

    expect(readSettings(join(root.path, settingsFile))).toMatchObject({
      gateway: { url: 'http://127.0.0.1:8648/health', within: 30_000, ignore_statuses: [401, 403, 429] },
      unit: { name: 'hermes-ezra.service', scope: 'system', max_restarts: 3 },
      config: ['/etc/x'],
    });
  });

  it.each([
    ['5m', '*/5 * * * *'],
    ['1m', '* * * * *'],
    ['1h', '0 * * * *'],
  ])('runs every %s', (check_interval, schedule) => {
    const { entry } = prepare(deadman, { ...ezra, check_interval }).desired.cron;
    expect(entry).toBe(
      `# reconcile: deadman-ezra\n${schedule} root /usr/local/bin/reconcile deadman check --settings ${settingsFile} --quiet\n`,
    );
  });

  it('knows its unit with and without the suffix, and comes after its service', () => {
    const { desired } = prepare(deadman, { agent: 'ezra', unit: { name: 'hermes-ezra' } });
    expect(desired).toEqual(prepare(deadman, ezra).desired);
    expect(deadman.requires?.(desired)).toContain('service[hermes-ezra]');
  });

  it('quotes the words of its program for the shell', () => {
    const { entry } = prepare(deadman, { ...ezra, program: ['/opt/my node', "it's;rm"] }).desired.cron;
    expect(entry).toContain(String.raw`'/opt/my node' 'it'\''s;rm' check`);
  });

  it('names the programs that it will run, for the host policy', () => {
    const alerts = [{ type: 'command', argv: ['/usr/local/bin/tell'] }];
    const { desired } = prepare(deadman, { ...ezra, alerts });
    expect(deadman.commands?.(desired)).toEqual(['systemctl', '/usr/local/bin/tell']);
    expect(deadman.units?.(desired)).toEqual(['hermes-ezra.service']);
    expect(deadman.units?.(deadman.absent!(desired)!)).toEqual([]);
  });

  it('a file that others may write is put right, and one with another owner too', async () => {
    using root = temporaryDirectory();
    await converge(deadman, ezra, root.path);
    const { chmodSync } = await import('node:fs');
    chmodSync(join(root.path, settingsFile), 0o666);

    const { diff, again } = await converge(deadman, ezra, root.path);

    expect(diff).toMatchObject({ action: 'update', changes: [{ field: 'mode', from: '0666', to: '0644' }] });
    expect(again.action).toBe('none');
  });
});

it.each([
  [
    'another place',
    '{ kind: deadman, agent: ezra, unit: { name: ezra }, in: crontab, settings: /etc/ezra.json }',
    ['/etc/ezra.json', '/var/spool/cron/crontabs/root'],
  ],
  ['a place that is not told', '{ kind: deadman, agent: ezra, ensure: absent, in: crontab, settings: /etc/ezra.json }', []],
])('a watchdog that moves to %s does not go on where it was', (_what, resource, left) => {
  using repository = makeRepository('- { kind: deadman, agent: ezra, unit: { name: ezra } }\n');
  repository.report();
  repository.write('desired-state/site.yaml', site(`- ${resource}\n`));

  expect(repository.report()).toMatchObject({ outcome: 'converged', problems: [] });
  const all = [settingsFile, cronFile, '/etc/ezra.json', '/var/spool/cron/crontabs/root'];
  expect(all.filter((path) => existsSync(join(repository.root, path)))).toEqual(left);
  expect(repository.report()).toMatchObject({ outcome: 'converged', writes: 0, steps: [] });
});
