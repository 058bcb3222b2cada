import type { FleetReport, HostOutcome } from '../../src/model/fleet.ts';

/** One host of a fleet command that went well; tests say what matters to them. */
export const outcomeWith = (host: string, members: Partial<HostOutcome> = {}): HostOutcome => ({
  host,
  verdict: 'converged',
  message: 'Converged: 42 resources, nothing to do',
  attempts: 1,
  duration: 120,
  ...members,
});

/** The report of a fleet command over these hosts. */
export const fleetReportWith = (hosts: readonly HostOutcome[], members: Partial<FleetReport> = {}): FleetReport => ({
  schema: 'reconcile.fleet/1',
  id: '20261121T080000Z-1a2b',
  action: 'check',
  startedAt: '2026-11-21T08:00:00.000Z',
  duration: 1_234,
  version: '0.1.0',
  revision: null,
  hosts,
  halted: null,
  exit: 0,
  ...members,
});
