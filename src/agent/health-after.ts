import type { AskedHealth } from '../model/agent.ts';
import { healthFailure, type ReportedCheck, type RunSummary } from '../model/report.ts';

type Ended = Pick<RunSummary, 'action' | 'outcome' | 'health' | 'writes'>;

/** What is known of a host's health after a run that ended then, with what was known before it. */
export function healthAfter(run: Ended, at: string, before: AskedHealth | undefined): AskedHealth | undefined {
  // Of what stands again nobody has asked: what failed is not well for that.
  const stillFails = before?.failure === undefined ? undefined : before;
  if (run.action === 'rollback') return stillFails;
  // What stood before stands again, whatever was said of what did not stay.
  if (run.outcome === 'rolledBack') return before;
  if (run.health.length > 0) {
    const told = askedHealth(run.health, at);
    // What held was asked before a part of it was taken back.
    return run.outcome === 'rollbackIncomplete' && told.failure === undefined ? stillFails : told;
  }
  if (run.writes === 0) return before;
  // A run that fails before it asks heals nothing.
  return run.outcome === 'converged' ? undefined : stillFails;
}

/** What health checks said, of which there is one at least. */
export function askedHealth(checks: readonly ReportedCheck[], at: string): AskedHealth {
  const failure = healthFailure(checks);
  const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
  return { at, checks: checks.length, ...(failure !== undefined && { failure, failed }) };
}
