import { describe, expect, it } from 'vitest';
import { metricTable } from '../../../src/agent/doors/metric-table.ts';
import { aReport } from '../../support/agent-port.ts';
import { openRig, type DoorRig } from '../../support/door-rig.ts';

interface Parsed {
  readonly types: ReadonlyMap<string, string>;
  readonly help: ReadonlyMap<string, string>;
  /** By `name{labels}`. */
  readonly values: ReadonlyMap<string, number>;
}

/** Prometheus's text format 0.0.4; throws for a line that is not of it. */
function parse(text: string): Parsed {
  const types = new Map<string, string>();
  const help = new Map<string, string>();
  const values = new Map<string, number>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\w+) (.*)$/.exec(line) ?? [];
    if (kind === 'TYPE') types.set(name!, rest!);
    else if (kind === 'HELP') help.set(name!, rest!);
    else {
      const [, series, value] = /^(\w+(?:\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})?) (-?[\d.e+]+|\+Inf|NaN)$/.exec(line) ?? [];
      if (series === undefined || values.has(series)) throw new Error(`not a sample: ${line}`);
      values.set(series, Number(value));
    }
  }
  return { types, help, values };
}

const read = async (rig: DoorRig): Promise<Parsed> => parse(await (await rig.get('/metrics')).text());

describe('the metrics', () => {
  it('are those of the table, and no others', async () => {
    await using rig = await openRig();

    const { types, help } = await read(rig);

    expect(Object.fromEntries(types)).toEqual(
      Object.fromEntries(Object.entries(metricTable).map(([name, { type }]) => [name, type])),
    );
    expect(Object.fromEntries(help)).toEqual(
      Object.fromEntries(Object.entries(metricTable).map(([name, { help: text }]) => [name, text])),
    );
  });

  it('say what the status says', async () => {
    await using rig = await openRig();
    rig.port.set({
      differing: 3,
      contested: ['file[/etc/motd]'],
      suspended: { reason: 'r', by: 'b', until: '2026-11-20T14:00:00.000Z' },
      retry: { commit: 'c', failures: 4, next: '2026-11-20T14:00:00.000Z' },
      passes: { interval: 7, webhook: 2 },
      quarantine: { commit: 'd', reason: 'r' },
      health: { at: '2026-11-20T12:00:28.000Z', checks: 3, failure: 'f', failed: ['one', 'two'] },
      fetch: { at: '2026-11-20T12:00:29.000Z', ok: true, remote: 'b', message: 'm', passedOver: 'a: it is away' },
    });

    const { values } = await read(rig);

    const expected = {
      'reconcile_build_info{version="1.2.3"}': 1,
      reconcile_last_success_timestamp_seconds: Date.parse('2026-11-20T12:00:30.000Z') / 1000,
      'reconcile_last_run_outcome{outcome="converged"}': 1,
      'reconcile_last_run_outcome{outcome="rolledBack"}': 0,
      reconcile_last_fetch_ok: 1,
      reconcile_differing_resources: 3,
      reconcile_contested_resources: 1,
      reconcile_suspended: 1,
      reconcile_stalled: 0,
      reconcile_revision_failures: 4,
      reconcile_quarantined: 1,
      reconcile_remote_passed_over: 1,
      reconcile_failed_health_checks: 2,
      reconcile_last_health_timestamp_seconds: Date.parse('2026-11-20T12:00:28.000Z') / 1000,
      'reconcile_passes_total{trigger="interval"}': 7,
      'reconcile_passes_total{trigger="webhook"}': 2,
      reconcile_missed_hooks_total: 2,
    };
    for (const [series, value] of Object.entries(expected)) expect(values.get(series), series).toBe(value);
  });

  it.each([
    ['1 for a plan that waits for a person', {}, 1],
    ['0 for one that is approved', { approved: true as const }, 0],
  ])('are %s', async (_, approved, value) => {
    await using rig = await openRig();
    const expires = '2026-11-27T12:00:00.000Z';
    rig.port.set({ approval: { run: 'run-7', reason: 'r', planDigest: 'd', expires, ...approved } });

    expect((await read(rig)).values.get('reconcile_approval_pending')).toBe(value);
  });

  it('are 0 for what never happened, so that an alert on age fires', async () => {
    await using rig = await openRig();
    rig.port.set({ last: null, lastSuccess: null, fetch: null, passes: {} });

    const { values } = await read(rig);

    expect(values.get('reconcile_last_success_timestamp_seconds')).toBe(0);
    expect(values.get('reconcile_last_run_timestamp_seconds')).toBe(0);
    expect(values.get('reconcile_last_fetch_timestamp_seconds')).toBe(0);
    expect([...values.keys()].filter((series) => series.startsWith('reconcile_passes_total{'))).toEqual([]);
  });

  it('count hooks by result, and how long runs took', async () => {
    await using rig = await openRig();
    const push = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'fleet/config' } });
    await rig.deliver(push);
    await rig.deliver(push);
    await rig.deliver('x');
    await rig.deliver(push, { 'x-gitea-event': 'issues' });
    await rig.deliver(push, { 'x-gitea-signature': '' });
    await rig.deliver(push.replace('fleet/', 'alice/'));
    await rig.deliver(push, {}, 'made-up-name');
    rig.port.emit({ type: 'finished', run: 'r', report: aReport({ duration: 420 }) });

    const { values } = await read(rig);

    for (const result of ['accepted', 'duplicate', 'malformed', 'ignored', 'foreign', 'refused'])
      expect(values.get(`reconcile_hooks_total{hook="gitea",result="${result}"}`), result).toBe(1);
    expect(values.get('reconcile_hooks_total{hook="unknown",result="refused"}')).toBe(1);
    expect(values.get('reconcile_run_duration_seconds_sum{outcome="converged"}')).toBe(0.42);
    expect(values.get('reconcile_run_duration_seconds_bucket{le="0.25",outcome="converged"}')).toBe(0);
    expect(values.get('reconcile_run_duration_seconds_bucket{le="0.5",outcome="converged"}')).toBe(1);
  });
});
