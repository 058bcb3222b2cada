import { readFileSync } from 'node:fs';
import type { AgentEvent, AgentPort, AgentStatus, Suspension, Trigger } from '../../src/model/agent.ts';
import type { Report } from '../../src/model/report.ts';
import { visitProtocol, type Order } from '../../src/model/visit.ts';
import { reportWith } from '../report/report-fixture.ts';
import { statusWith } from '../report/status-fixture.ts';

/** An agent that does nothing but remember what it was asked. */
export interface StandIn extends AgentPort {
  readonly triggers: Trigger[];
  /** What was pushed to it. */
  readonly received: { readonly order: Order; readonly bundle: Buffer | undefined }[];
  /** Changes what `status` says, and tells those who listen. */
  set(change: Partial<AgentStatus>): void;
  emit(event: AgentEvent): void;
  /** Ends the run that waits. */
  end(report: Report): void;
  readonly listeners: ReadonlySet<(event: AgentEvent) => void>;
}

export const aReport = (change: Partial<Report> = {}): Report =>
  reportWith({
    run: '20261120T120000Z-aaaa',
    startedAt: '2026-11-20T12:00:00.000Z',
    duration: 420,
    version: '1.2.3',
    revision: { commit: 'c'.repeat(40), branch: 'main', workingTree: false, key: 'k' },
    summary: 'Applied and verified',
    counts: { resources: 1, converged: 1, create: 0, update: 0, remove: 0, held: 0, failed: 0, adopted: 0 },
    ...change,
  });

export const aStatus = (change: Partial<AgentStatus> = {}): AgentStatus =>
  statusWith({
    version: '1.2.3',
    startedAt: '2026-11-20T11:00:00.000Z',
    revision: { applied: 'c'.repeat(40), seen: 'c'.repeat(40), branch: 'main' },
    last: { run: '20261120T120000Z-aaaa', outcome: 'converged', summary: 'Applied and verified', at: '2026-11-20T12:00:00.000Z' },
    lastSuccess: '2026-11-20T12:00:30.000Z',
    fetch: { at: '2026-11-20T12:00:29.000Z', ok: true, remote: 'https://git.example/fleet/config.git', message: 'nothing new' },
    nextPass: '2026-11-20T12:05:30.000Z',
    passes: { start: 1, interval: 3 },
    missedHooks: 2,
    ...change,
  });

export function standIn(reports: readonly Report[] = [aReport()]): StandIn {
  let status = aStatus();
  let waiting: { readonly run: string; readonly ended: PromiseWithResolvers<Report> } | undefined;
  const triggers: Trigger[] = [];
  const received: StandIn['received'] = [];
  const listeners = new Set<(event: AgentEvent) => void>();
  const emit = (event: AgentEvent): void => listeners.forEach((listener) => listener(event));
  const set = (change: Partial<AgentStatus>): void => {
    status = { ...status, ...change };
    emit({ type: 'status', status });
  };
  return {
    triggers,
    listeners,
    set,
    emit,
    end(report) {
      waiting?.ended.resolve(report);
      waiting = undefined;
    },
    status: () => status,
    trigger(cause) {
      triggers.push(cause);
      waiting ??= { run: `run-${triggers.length}`, ended: Promise.withResolvers<Report>() };
      return { run: waiting.run };
    },
    ended: (run) => (waiting?.run === run ? waiting.ended.promise : Promise.resolve(undefined)),
    suspend: (suspended: Suspension) => set({ suspended }),
    resume: () => set({ suspended: null }),
    approve(run) {
      const isWaiting = status.approval?.run === run;
      if (isWaiting) set({ approval: null });
      return isWaiting;
    },
    greeting: () => ({ type: 'greeting', protocol: visitProtocol, version: '1.2.3', host: 'box', commits: [], status }),
    receive(order, brought, tell) {
      received.push({ order, bundle: brought.bundle === undefined ? undefined : readFileSync(brought.bundle) });
      tell({ type: 'finished', run: 'run-1', report: aReport() });
      return Promise.resolve();
    },
    received,
    check: () => Promise.resolve(aReport({ action: 'check' })),
    summaries: (limit) => reports.slice(0, limit),
    briefs: (limit) => reports.slice(0, limit),
    report: (run) => reports.find((each) => each.run === run),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
