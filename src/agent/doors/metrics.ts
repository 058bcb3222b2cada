import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AgentPort, AgentStatus } from '../../model/agent.ts';
import { exitNames } from '../../model/exit-code.ts';
import type { HookResult } from './hooks.ts';
import { metricTable, type MetricName } from './metric-table.ts';

interface Metrics {
  /** The text that Prometheus reads, as of now. */
  read(): Promise<string>;
  readonly contentType: string;
  countHook(hook: string, result: HookResult): void;
  close(): void;
}

/** What has one value, and how the agent's status says it. */
const gauges: Readonly<Partial<Record<MetricName, (status: AgentStatus) => number>>> = {
  reconcile_start_time_seconds: ({ startedAt }) => seconds(startedAt),
  reconcile_last_success_timestamp_seconds: ({ lastSuccess }) => seconds(lastSuccess),
  reconcile_last_run_timestamp_seconds: ({ last }) => seconds(last?.at),
  reconcile_last_fetch_timestamp_seconds: ({ fetch }) => seconds(fetch?.at),
  reconcile_last_fetch_ok: ({ fetch }) => Number(fetch?.ok ?? false),
  reconcile_remote_passed_over: ({ fetch }) => Number(fetch?.passedOver !== undefined),
  reconcile_last_health_timestamp_seconds: ({ health }) => seconds(health?.at),
  reconcile_failed_health_checks: ({ health }) => health?.failed?.length ?? 0,
  reconcile_differing_resources: ({ differing }) => differing,
  reconcile_contested_resources: ({ contested }) => contested.length,
  reconcile_suspended: ({ suspended }) => Number(suspended !== null),
  reconcile_window_closed: ({ windowClosed }) => Number(windowClosed),
  reconcile_stalled: ({ stalled }) => Number(stalled !== null),
  reconcile_quarantined: ({ quarantine }) => Number(quarantine !== undefined),
  reconcile_approval_pending: ({ approval }) => Number(approval !== null && !approval.approved),
  reconcile_revision_failures: ({ retry }) => retry?.failures ?? 0,
};

const seconds = (time: string | null | undefined): number => (time ? Date.parse(time) / 1000 : 0);

/** Prometheus metrics in a registry of their own; what the status knows is asked for when they are read. */
export function openMetrics(port: AgentPort, listeners: () => number): Metrics {
  const registry = new Registry();
  const settings = (name: MetricName) => {
    const { help, labels } = metricTable[name];
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  const gauge = (name: MetricName, collect: (gauge: Gauge) => void): void => {
    const made: Gauge = new Gauge({ ...settings(name), collect: () => collect(made) });
  };
  /** One that the agent counts itself. */
  const counter = (name: MetricName, collect: (counter: Counter) => void): void => {
    const made = new Counter({
      ...settings(name),
      collect() {
        made.reset();
        collect(made);
      },
    });
  };

  for (const [name, valueOf] of Object.entries(gauges) as [MetricName, (status: AgentStatus) => number][])
    gauge(name, (each) => each.set(valueOf(port.status())));
  gauge('reconcile_build_info', (info) => info.set({ version: port.status().version }, 1));
  gauge('reconcile_event_listeners', (count) => count.set(listeners()));
  gauge('reconcile_last_run_outcome', (outcomes) => {
    const { last } = port.status();
    for (const outcome of exitNames) outcomes.set({ outcome }, Number(last?.outcome === outcome));
  });
  counter('reconcile_missed_hooks_total', (missed) => missed.inc(port.status().missedHooks));
  counter('reconcile_passes_total', (passes) => {
    for (const [trigger, count] of Object.entries(port.status().passes)) passes.inc({ trigger }, count);
  });
  const hooks = new Counter(settings('reconcile_hooks_total'));
  const durations = new Histogram({
    ...settings('reconcile_run_duration_seconds'),
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  });
  const unsubscribe = port.subscribe((event) => {
    if (event.type === 'finished') durations.observe({ outcome: event.report.outcome }, event.report.duration / 1000);
  });
  return {
    read: () => registry.metrics(),
    contentType: registry.contentType,
    countHook: (hook, result) => hooks.inc({ hook, result }),
    close: unsubscribe,
  };
}
