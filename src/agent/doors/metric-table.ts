/** What each metric counts or measures. The reference in README.md and `/metrics` are made from this table. */
export const metricTable = {
  reconcile_build_info: { type: 'gauge', labels: ['version'], help: 'Always 1; the label is the version of the agent.' },
  reconcile_start_time_seconds: { type: 'gauge', labels: [], help: 'When the agent started, in seconds since 1970.' },
  reconcile_last_success_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the host was last proved to be as the repository says, in seconds since 1970; 0: never.',
  },
  reconcile_last_run_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the last run with something to tell ended, in seconds since 1970; 0: never.',
  },
  reconcile_last_run_outcome: { type: 'gauge', labels: ['outcome'], help: '1 for the outcome of that run, 0 for all others.' },
  reconcile_last_fetch_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When a remote was last asked, in seconds since 1970; 0: never.',
  },
  reconcile_last_fetch_ok: {
    type: 'gauge',
    labels: [],
    help: '1 when the last fetch worked, 0 when it failed or there was none.',
  },
  reconcile_remote_passed_over: {
    type: 'gauge',
    labels: [],
    help: '1 when a remote that comes first gave nothing, and a later one did.',
  },
  reconcile_last_health_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the health checks were last asked, in seconds since 1970; 0: never since the last change, or there are none.',
  },
  reconcile_failed_health_checks: {
    type: 'gauge',
    labels: [],
    help: 'Health checks that did not hold when they were last asked.',
  },
  reconcile_differing_resources: { type: 'gauge', labels: [], help: 'Resources that differ and are only reported.' },
  reconcile_contested_resources: { type: 'gauge', labels: [], help: 'Resources that somebody else keeps changing.' },
  reconcile_suspended: { type: 'gauge', labels: [], help: '1 while somebody has suspended the agent.' },
  reconcile_window_closed: { type: 'gauge', labels: [], help: '1 while a maintenance window keeps changes away.' },
  reconcile_stalled: {
    type: 'gauge',
    labels: [],
    help: '1 when the agent gets no further: a revision fails each time, or no pass can be made.',
  },
  reconcile_quarantined: { type: 'gauge', labels: [], help: '1 while the newest revision is in quarantine here.' },
  reconcile_approval_pending: { type: 'gauge', labels: [], help: '1 while a plan waits for `reconcile approve`.' },
  reconcile_revision_failures: { type: 'gauge', labels: [], help: 'How often the newest revision has failed here in a row.' },
  reconcile_passes_total: { type: 'counter', labels: ['trigger'], help: 'Passes since the start, by what triggered them.' },
  reconcile_missed_hooks_total: {
    type: 'counter',
    labels: [],
    help: 'New revisions that a poll found although a webhook should have told of them.',
  },
  reconcile_hooks_total: {
    type: 'counter',
    labels: ['hook', 'result'],
    help: 'Webhook deliveries: accepted, duplicate, ignored, malformed, foreign (of another repository) or refused (wrong signature).',
  },
  reconcile_run_duration_seconds: { type: 'histogram', labels: ['outcome'], help: 'How long runs took.' },
  reconcile_event_listeners: { type: 'gauge', labels: [], help: 'Clients that listen to /events.' },
} as const satisfies Readonly<
  Record<string, { readonly type: 'gauge' | 'counter' | 'histogram'; readonly labels: readonly string[]; readonly help: string }>
>;

export type MetricName = keyof typeof metricTable;
