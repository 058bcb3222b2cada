import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { binDirectory, hasProgram, openScriptRig, type ScriptRig } from './script-rig.ts';

const atNoon = { FLEET_NOW: '2026-11-20T12:00:00Z' };
const hasPython = hasProgram('python3');
if (!hasPython) console.warn('skipped: the scheduled jobs need python3');

describe.skipIf(!hasPython)('heartbeat_check.py', () => {
  const last = (finished: string) => JSON.stringify({ job: 'pulse', interval: 900, finished });

  it('raises an alert at twice the interval and clears it on recovery', () => {
    using rig = openScriptRig();

    rig.write('heartbeats/pulse.last', last('2026-11-20T11:30:00Z'));
    rig.run('heartbeat_check.py', [], atNoon);
    expect(rig.exists('heartbeats/alerts/job-pulse.alert')).toBe(false);

    rig.write('heartbeats/pulse.last', last('2026-11-20T11:29:59Z'));
    const stale = rig.run('heartbeat_check.py', [], atNoon);
    expect(stale.output).toMatch(/alert job-pulse: pulse: last success 2026-11-20T11:29:59Z, expected every 900 s/);

    expect(rig.run('heartbeat_check.py', [], atNoon).output).toBe('');
    rig.write('heartbeats/pulse.last', last('2026-11-20T11:59:00Z'));
    expect(rig.run('heartbeat_check.py', [], atNoon).output).toMatch(/alert job-pulse cleared/);
    expect(rig.exists('heartbeats/alerts/job-pulse.alert')).toBe(false);
  });

  it('notices a job that has never succeeded', () => {
    using rig = openScriptRig();

    rig.run('heartbeat_check.py', [], atNoon);
    const later = rig.run('heartbeat_check.py', [], { FLEET_NOW: '2026-11-20T12:31:00Z' });

    expect(later.output).toMatch(/pulse: no success since 2026-11-20T12:00:00Z/);
  });

  it('begins anew where a full disk left nothing in what it remembers', () => {
    using rig = openScriptRig();
    rig.write('heartbeats/.pulse.since', '');

    expect(rig.run('heartbeat_check.py', [], atNoon)).toEqual({ exit: 0, output: '' });
    expect(rig.read('heartbeats/.pulse.since')).toBe('2026-11-20T12:00:00Z');
  });

  it('clears the alert of a job that was taken off', () => {
    using rig = openScriptRig();
    rig.write('heartbeats/alerts/job-gone.alert', 'gone: last success long ago\n');

    rig.run('heartbeat_check.py', [], atNoon);

    expect(readdirSync(join(rig.root, 'heartbeats/alerts'))).toEqual([]);
  });
});

describe.skipIf(!hasPython)('token_budget.py', () => {
  const caps = readFileSync(resolve(binDirectory, '../token_budget.json'), 'utf8');
  const usage = (...entries: object[]) => entries.map((entry) => JSON.stringify(entry) + '\n').join('');
  const spend = (timestamp: string, cost_usd: number, tokens_in = 0) => ({
    timestamp,
    pipeline: 'pr-review',
    backend: 'kimi-coding',
    tokens_in,
    tokens_out: 0,
    cost_usd,
  });
  const state = (rig: ScriptRig) => JSON.parse(rig.read('hermes/token_budget_state.json')) as Record<string, unknown>;

  it('pauses the pipeline that has used up its tokens and no other', () => {
    using rig = openScriptRig();
    rig.write('hermes/token_budget.json', caps);
    rig.write(
      'hermes/token_usage.jsonl',
      usage(spend('2026-11-20T08:00:00Z', 0.1, 400_000), spend('2026-11-19T08:00:00Z', 0.1, 900_000)),
    );

    rig.run('token_budget.py', [], atNoon);

    expect(state(rig)).toMatchObject({
      paused_pipelines: ['pr-review'],
      exhausted_backends: [],
      local_only: false,
      spent_today_usd: 0.1,
    });
    expect(rig.exists('heartbeats/alerts/token-budget.alert')).toBe(false);
  });

  it('stops everything but local models at the daily cap, and warns before', () => {
    using rig = openScriptRig();
    rig.write('hermes/token_budget.json', caps);

    rig.write('hermes/token_usage.jsonl', usage(spend('2026-11-20T08:00:00Z', 4)));
    const warned = rig.run('token_budget.py', [], atNoon);
    expect(warned.output).toMatch(/alert token-budget: today: 4.00 of 5.00 USD/);
    expect(state(rig)).toMatchObject({ local_only: false });

    rig.write('hermes/token_usage.jsonl', usage(spend('2026-11-20T08:00:00Z', 5)));
    rig.run('token_budget.py', [], atNoon);
    expect(state(rig)).toMatchObject({ local_only: true, exhausted_backends: ['kimi-coding', 'openrouter'] });
  });

  it('counts lines that cannot be read instead of trusting them', () => {
    using rig = openScriptRig();
    rig.write('hermes/token_budget.json', caps);
    rig.write(
      'hermes/token_usage.jsonl',
      `not json\n${JSON.stringify({ timestamp: 'soon' })}\n${usage(spend('2026-10-31T23:00:00Z', 40))}`,
    );

    rig.run('token_budget.py', [], atNoon);

    expect(state(rig)).toMatchObject({ spent_this_month_usd: 0, warnings: ['2 usage lines cannot be read'] });
  });

  it.each([
    ['not a number', '{"timestamp":"2026-11-20T08:00:00Z","cost_usd":NaN}'],
    ['endless', '{"timestamp":"2026-11-20T08:00:00Z","tokens_in":Infinity}'],
    ['negative', '{"timestamp":"2026-11-20T08:00:00Z","cost_usd":-1000}'],
    ['at no time', '{"timestamp":5,"cost_usd":1}'],
    ['no object', '[1]'],
  ])('holds the caps where a line is %s', (_, line) => {
    using rig = openScriptRig();
    rig.write('hermes/token_budget.json', caps);
    rig.write('hermes/token_usage.jsonl', `${line}\n${usage(spend('2026-11-20T08:00:00Z', 5))}`);

    expect(rig.run('token_budget.py', [], atNoon).exit).toBe(0);

    expect(state(rig)).toMatchObject({ local_only: true, spent_today_usd: 5 });
    expect(state(rig)['warnings']).toContain('1 usage lines cannot be read');
  });

  it('books what another time zone calls yesterday on the day that it is in UTC', () => {
    using rig = openScriptRig();
    rig.write('hermes/token_budget.json', caps);
    rig.write('hermes/token_usage.jsonl', usage(spend('2026-11-19T23:30:00-05:00', 1), spend('2026-11-20T01:00:00+05:00', 2)));

    rig.run('token_budget.py', [], atNoon);

    expect(state(rig)).toMatchObject({ spent_today_usd: 1, spent_this_month_usd: 3 });
  });
});

describe.skipIf(!hasPython)('pulse.py', () => {
  it('appends one line per run and reports a silent gateway', () => {
    using rig = openScriptRig();
    rig.settings['GATEWAY_PORT'] = '1';
    rig.settings['MIN_DISK_FREE_PERCENT'] = '0';
    rig.write('pulse/2026-10-01.jsonl', '{}\n');

    rig.run('pulse.py', [], atNoon);
    rig.run('pulse.py', [], atNoon);

    expect(readdirSync(join(rig.root, 'pulse'))).toEqual(['2026-11-20.jsonl']);
    const pulses = rig.read('pulse/2026-11-20.jsonl').trim().split('\n');
    expect(pulses).toHaveLength(2);
    expect(JSON.parse(pulses[0]!)).toMatchObject({ time: '2026-11-20T12:00:00Z', host: 'testhost', gateway: false });
    expect(rig.read('heartbeats/alerts/machine.alert')).toMatch(/the gateway does not answer/);
  });
});

describe.skipIf(!hasPython)('health_check.py', () => {
  it('keeps the record of each target and raises an alert after three failures in a row', async () => {
    using rig = openScriptRig();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const targets = [
      { name: 'up', host: '127.0.0.1', port },
      { name: 'down', host: '127.0.0.1', port: 1 },
    ];
    rig.write('fleet-health.json', JSON.stringify(targets));
    // The listener lives in this process, so the script must not be waited for synchronously.
    const env = { PATH: process.env['PATH'], FLEET_ENV: rig.writeSettings() };
    const check = async () => {
      const child = spawn(join(binDirectory, 'health_check.py'), { env });
      expect((await once(child, 'exit'))[0]).toBe(0);
    };

    await check();
    await check();
    expect(rig.exists('heartbeats/alerts/fleet-down.alert')).toBe(false);
    await check();
    server.close();

    const record = JSON.parse(rig.read('state/fleet-health/uptime.json')) as Record<string, object>;
    expect(record['up']).toMatchObject({ up: true, checks: 3, uptime_percent: 100, failures_in_a_row: 0 });
    expect(record['down']).toMatchObject({ up: false, checks: 3, uptime_percent: 0, failures_in_a_row: 3 });
    expect(readdirSync(join(rig.root, 'heartbeats/alerts'))).toEqual(['fleet-down.alert']);

    rig.write('fleet-health.json', '[]');
    await check();
    expect(readdirSync(join(rig.root, 'heartbeats/alerts'))).toEqual([]);
  });
});

describe.skipIf(!hasPython)('cron_freshness.py', () => {
  const definitions = { jobs: [{ name: 'sweep', schedule: '30 1 * * *', enabled: true }] };
  const compare = (rig: ScriptRig, jobs: unknown): string => {
    rig.write('hermes/cron/definitions.json', JSON.stringify(definitions));
    rig.write('hermes/cron/jobs.json', JSON.stringify(jobs));
    rig.run('cron_freshness.py');
    return rig.exists('heartbeats/alerts/hermes-cron.alert') ? rig.read('heartbeats/alerts/hermes-cron.alert').trim() : '';
  };
  const sweep = { name: 'sweep', schedule: { kind: 'cron', expr: '30 1 * * *' }, enabled: true, provider: 'p', model: 'm' };

  it.each([
    ['nothing when all is as defined', { jobs: [sweep] }, ''],
    ['nothing for a map of jobs', { jobs: { a1: sweep } }, ''],
    ['a missing job', { jobs: [] }, 'sweep: missing'],
    ['another schedule', [{ ...sweep, schedule: { expr: '0 2 * * *' } }], 'sweep: runs at 0 2 * * *, not 30 1 * * *'],
    ['a job that was switched off', { jobs: [{ ...sweep, enabled: false }] }, 'sweep: is off'],
    ['a job without a model', { jobs: [sweep, { name: 'own', provider: 'p', model: null }] }, 'own: names no model or provider'],
  ])('reports %s', (_, jobs, expected) => {
    using rig = openScriptRig();

    expect(compare(rig, jobs)).toBe(expected);
  });
});

describe.skipIf(!hasPython)('night_watch.py', () => {
  it('reports secrets that others can read and scripts that others can write', () => {
    using rig = openScriptRig();
    chmodSync(rig.write('hermes/.env', 'KEY=x\n'), 0o644);
    chmodSync(rig.write('hermes/gitea_token', 'x'), 0o600);
    chmodSync(rig.write('bin/pulse.py', ''), 0o777);

    rig.run('night_watch.py', [], { PATH: '/usr/bin:/bin' });

    const alert = rig.read('heartbeats/alerts/night-watch.alert');
    expect(alert).toContain('.env has mode 0644, expected 0600');
    expect(alert).toContain('bin/pulse.py can be written by others');
    expect(alert).not.toContain('gitea_token');
  });
});
