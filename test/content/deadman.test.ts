import { describe, expect, it } from 'vitest';
import type { DeadmanSettings } from '../../src/model/deadman-settings.ts';
import { catalogOf, catalogs, ofKind, variable } from './compiled-fleet.ts';

const wizards = ['timmy', 'allegro', 'bezalel', 'ezra'];
const predecessors = [
  'bin/deadman-switch.sh',
  'bin/hermes-startup.sh',
  'fleet/auto_restart.py',
  'cron/muda-audit.crontab',
  'bin/deadman-fallback.py',
  'bin/provider-health-monitor.py',
  'bin/model-fallback-verify.py',
  'bin/model-health-check.sh',
];
const watchdogsOf = (host: string) => ofKind(catalogOf(host), 'deadman');
const desiredOf = (host: string): unknown => watchdogsOf(host)[0]?.desired;
const settingsOf = (host: string): DeadmanSettings =>
  JSON.parse((desiredOf(host) as { settings: string }).settings) as DeadmanSettings;

describe('the deadman of the fleet', () => {
  it('is one per wizard, and none anywhere else', () => {
    const found = [...catalogs.keys()].flatMap((host) => watchdogsOf(host).map(({ id }) => `${host} ${id}`));
    expect(found.sort()).toEqual(wizards.map((name) => `${name} ${name}`).sort());
  });

  it.each(wizards)('removes its eight predecessors from %s', (host) => {
    const removed = ofKind(catalogOf(host), 'file')
      .filter(({ desired }) => (desired as { ensure: string }).ensure === 'absent')
      .map(({ id }) => id);
    for (const file of predecessors) expect(removed.filter((path) => path.endsWith(`/.hermes/${file}`))).toHaveLength(1);
  });

  it.each(wizards)('watches the gateway, the stamp and the configuration of %s, within the limits of the fleet', (host) => {
    const settings = settingsOf(host);
    const minute = 60_000;

    expect(settings.limits).toEqual({
      check_interval: 5 * minute,
      failures: 3,
      clear_after: 2,
      max_restarts: 3,
      episode: 24 * 60 * minute,
      restart_cooldown: 10 * minute,
      startup_grace: 2 * minute,
      alert_cooldown: 60 * minute,
      suppress_at_most: 60 * minute,
      blocked_after: 30 * minute,
      action: 'restart',
      silence_note: 4 * 60 * minute,
      silence_alarm: 8 * 60 * minute,
      alarm_test_every: 30 * 24 * 60 * minute,
      unheard_after: 60 * minute,
    });
    expect(settings).toMatchObject({
      agent: host,
      gateway: {
        url: `http://127.0.0.1:${String(variable(host, 'gateway_port'))}/health`,
        within: 30_000,
        ignore_statuses: [401, 403, 429],
      },
      heartbeat: { stamp: `/tmp/agent-heartbeat-${host}.stamp`, timeout: 5 * minute, required: false },
      machine: { min_disk_free_percent: 10, max_swap_used_percent: 80 },
      snapshot_keep: 10,
      config: [expect.stringMatching(/\/\.hermes\/config\.yaml$/)],
      request_log: expect.stringMatching(/\/\.local\/timmy\/request_log\.db$/) as string,
    });
  });

  it('restarts a unit on servers and a launchd service on the Mac', () => {
    expect(settingsOf('ezra')).toMatchObject({
      unit: { name: 'hermes-ezra.service', scope: 'system', max_restarts: 3, max_memory_mib: 8_192, max_cpu_percent: 95 },
    });
    expect(settingsOf('ezra').restart).toBeUndefined();
    expect(settingsOf('timmy')).toMatchObject({ restart: ['launchctl', 'kickstart', '-k', 'gui/501/ai.hermes.gateway'] });
    expect(settingsOf('timmy').unit).toBeUndefined();
  });

  it('is a file in cron.d on servers, and a marked entry of the owner on the Mac', () => {
    const cronOf = (host: string): unknown => (desiredOf(host) as { cron: unknown }).cron;
    expect(cronOf('ezra')).toMatchObject({ in: 'cron.d', name: 'deadman-ezra', user: 'root' });
    expect(cronOf('timmy')).toMatchObject({ in: 'crontab', name: 'deadman-timmy', user: 'apayne' });
  });
});
