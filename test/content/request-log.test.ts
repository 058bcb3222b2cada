import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { hasProgram, openScriptRig, type ScriptRig } from './script-rig.ts';

const schema = readFileSync(resolve(import.meta.dirname, '../../roles/request_log/files/request_log.sql'), 'utf8');
const atNoon = { FLEET_NOW: '2026-11-20T12:00:00Z' };
const hasPython = hasProgram('python3');
if (!hasPython) console.warn('skipped: the scheduled jobs need python3');

function openLog(rig: ScriptRig): DatabaseSync {
  const log = new DatabaseSync(rig.settings['REQUEST_LOG_DB']!);
  log.exec(schema);
  return log;
}

function addCall(log: DatabaseSync, timestamp: string, provider = 'kimi-coding', status = 'success'): void {
  log
    .prepare(
      'INSERT INTO request_log (timestamp, agent_name, provider, model, endpoint, tokens_in, tokens_out, latency_ms, status)' +
        " VALUES (?, 'allegro', ?, 'm', 'e', 10, 5, 100, ?)",
    )
    .run(timestamp, provider, status);
}

describe.skipIf(!hasPython)('request_log.py', () => {
  it('records a call and answers whether it was made', () => {
    using rig = openScriptRig();
    using _log = openLog(rig);
    const call = [
      '--agent',
      'allegro',
      '--provider',
      'kimi-coding',
      '--model',
      'kimi-k2.5',
      '--endpoint',
      '/chat',
      '--status',
      'success',
    ];

    expect(rig.run('request_log.py', ['record', ...call], atNoon)).toEqual({ exit: 0, output: '' });

    const ask = (provider: string, time: string) =>
      rig.run('request_log.py', ['seen', '--agent', 'allegro', '--provider', provider], { FLEET_NOW: time });
    expect(ask('kimi-coding', '2026-11-20T12:59:00Z')).toEqual({
      exit: 0,
      output: '1 calls in 60 min, the last at 2026-11-20T12:00:00Z\n',
    });
    expect(ask('kimi-coding', '2026-11-20T13:01:00Z').exit).toBe(1);
    expect(ask('openrouter', '2026-11-20T12:01:00Z').exit).toBe(1);
  });

  it('refuses a status that the schema does not know', () => {
    using rig = openScriptRig();
    using log = openLog(rig);

    expect(() => addCall(log, '2026-11-20T12:00:00Z', 'kimi-coding', 'perhaps')).toThrow(/CHECK constraint/);
  });

  it('never makes a database of its own', () => {
    using rig = openScriptRig();

    const { exit, output } = rig.run('request_log.py', ['summary']);

    expect(exit).toBe(1);
    expect(output).toMatch(/does not exist; the role request_log makes it/);
    expect(rig.exists('request_log.db')).toBe(false);
  });

  it('archives old rows before it deletes them', () => {
    using rig = openScriptRig();
    using log = openLog(rig);
    addCall(log, '2026-10-01T00:00:00Z');
    addCall(log, '2026-10-02T00:00:00Z');
    addCall(log, '2026-11-19T00:00:00Z');

    rig.run('request_log.py', ['prune', '--keep-days', '30'], atNoon);
    const again = rig.run('request_log.py', ['prune', '--keep-days', '30'], atNoon);

    expect(again).toEqual({ exit: 0, output: '' });
    expect(log.prepare('SELECT timestamp FROM request_log').all()).toEqual([{ timestamp: '2026-11-19T00:00:00Z' }]);
    expect(readdirSync(join(rig.root, 'state/archive'))).toEqual(['request_log-1-2.jsonl']);
    expect(rig.read('state/archive/request_log-1-2.jsonl').split('\n').filter(Boolean)).toHaveLength(2);
  });

  it('exports the rows of yesterday once', () => {
    using rig = openScriptRig();
    using log = openLog(rig);
    for (const day of ['18', '19', '20']) addCall(log, `2026-11-${day}T23:59:59Z`);

    const first = rig.run('request_log.py', ['export'], atNoon);
    const second = rig.run('request_log.py', ['export'], atNoon);

    const rows = rig.read('state/exports/request-log/testhost-2026-11-19.jsonl').trim().split('\n');
    expect(rows.map((row) => (JSON.parse(row) as { timestamp: string }).timestamp)).toEqual(['2026-11-19T23:59:59Z']);
    expect(first.output).toMatch(/1 rows/);
    expect(second.output).toBe('');
  });
});

describe.skipIf(!hasPython)('morning_report.py', () => {
  it('puts machine, alerts, inference and budget on one page', () => {
    using rig = openScriptRig();
    using log = openLog(rig);
    addCall(log, '2026-11-20T03:00:00Z');
    addCall(log, '2026-11-20T04:00:00Z', 'openrouter', 'error');
    const pulse = { time: '2026-11-20T05:00:00Z', load: 1.5, disk_free_percent: 42, swap_used_percent: 3, gateway: false };
    rig.write('pulse/2026-11-20.jsonl', `${JSON.stringify(pulse)}\ntorn line`);
    rig.write('heartbeats/alerts/machine.alert', 'the gateway does not answer\n');
    const budget = { spent_today_usd: 1, spent_this_month_usd: 9, paused_pipelines: ['pr-review'] };
    rig.write('hermes/token_budget_state.json', JSON.stringify(budget));

    const { exit } = rig.run('morning_report.py', [], atNoon);

    const report = rig.read('report.md');
    expect(exit).toBe(0);
    expect(report).toMatch(/^# testhost, 2026-11-20\n/);
    expect(report).toContain('- gateway silent in 1 of 1 pulses');
    expect(report).toContain('- **machine**: the gateway does not answer');
    expect(report).toContain('| kimi-coding | 1 | 0 | 0 | 15 | 100 ms |');
    expect(report).toContain('| openrouter | 1 | 1 | 0 | 15 | 100 ms |');
    expect(report).toContain('- paused: pr-review');
  });

  it('says so when nothing is known', () => {
    using rig = openScriptRig();
    delete rig.settings['HERMES_HOME'];

    rig.run('morning_report.py', [], atNoon);

    expect(rig.read('report.md')).toContain('No pulse in 24 hours');
    expect(rig.read('report.md')).toContain('No request log on this machine.');
  });
});
