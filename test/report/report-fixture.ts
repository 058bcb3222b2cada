import type { Report, ReportedStep } from '../../src/model/report.ts';

/** A step as a run would report it; tests say what matters to them. */
export const stepWith = (members: Partial<ReportedStep> = {}): ReportedStep => ({
  address: 'file[/etc/motd]',
  kind: 'file',
  cause: 'upstream',
  action: 'update',
  outcome: 'pending',
  changes: [{ field: 'mode', from: '0644', to: '0444' }],
  diffs: [],
  origin: 'roles/base/role.yaml:12:5',
  role: 'base',
  refreshes: [],
  ...members,
});

/** A report of a converged check; tests say what matters to them. */
export const reportWith = (members: Partial<Report> = {}): Report => ({
  schema: 'reconcile.report/1',
  run: '20261120T080000-1a2b',
  host: 'allegro',
  action: 'converge',
  startedAt: '2026-11-20T08:00:00.000Z',
  duration: 38.4,
  version: '0.1.0',
  revision: { commit: '1a2b3c4d5e6f', branch: 'main', workingTree: true, key: 'k' },
  root: null,
  outcome: 'converged',
  exit: 0,
  summary: 'converged',
  counts: { resources: 42, converged: 42, create: 0, update: 0, remove: 0, held: 0, failed: 0, adopted: 0 },
  steps: [],
  refreshes: [],
  health: [],
  problems: [],
  planDigest: null,
  recovered: [],
  writes: 0,
  ...members,
});
