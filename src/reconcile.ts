import type { Suspension } from './model/agent.ts';
import type { Event } from './model/event.ts';
import { monotonic } from './model/monotonic.ts';
import type { Report } from './model/report.ts';
import type { Request } from './model/request.ts';
import { buildId } from './model/version.ts';
import type { Asked } from './run/known-catalog.ts';
import { convergedSummary, startedEvent, startRun, tellEnd } from './run/start-run.ts';
import { openScope, type Scope } from './run/scope.ts';
import { readStamp, type Stamp } from './state/converged-stamp.ts';
import { readSuspension } from './state/suspension.ts';
import { readUnconfirmed } from './state/unconfirmed.ts';

/**
 * One run, from the repository to the report. Where nothing moved since the last verified run, neither in the sources nor on
 * the host, that is all there is to find out, and the other stages are not even loaded. Throws only for what is nobody's
 * input (a bug, a state that cannot be used).
 */
export async function reconcile(request: Request, emit: (event: Event) => void, signal: AbortSignal): Promise<Report> {
  const started = monotonic();
  const scope = openScope(request);
  const suspended = readSuspension(scope.stateDirectory);
  if (suspended && request.action === 'converge') {
    const { tellBusy } = await import('./run/outcomes.ts');
    return tellBusy({ request, scope, started, emit }, suspendedBecause(suspended));
  }
  // The agent tells of it by itself.
  if (!suspended || request.unattended) return reconcileNow({ request, scope, started, emit, signal });
  const noted = (report: Report): Report => ({ ...report, summary: `${report.summary}. ${suspendedBecause(suspended)}` });
  const tell = (event: Event): void => emit(event.type === 'finished' ? { ...event, report: noted(event.report) } : event);
  return noted(await reconcileNow({ request, scope, started, emit: tell, signal }));
}

async function reconcileNow({ request, scope, started, emit, signal }: Omit<Asked, 'stamp' | 'isCurrent'>): Promise<Report> {
  const stamp = readStamp(scope.stateDirectory, scope.reader.realPath);
  // Who asks is told of it.
  const isWaiting = request.action === 'converge' && readUnconfirmed(scope.stateDirectory) !== undefined;
  const { paranoid, tags, planDigest, health = false, showsPlan = false } = request;
  const mayTrust = !isWaiting && !health && !showsPlan && tags.length === 0 && planDigest === undefined;
  const isCurrent = stamp !== undefined && hasSameSources(stamp, scope);
  const isSame = mayTrust && isCurrent && stamp.isComplete && stamp.index.isUnchanged();
  if (!isSame || (paranoid && !stamp.index.isIntact(scope.reader))) {
    const { reconcileFully } = await import('./pipeline.ts');
    return reconcileFully({ request, scope, stamp, isCurrent, started, emit, signal });
  }
  const { host, resources, held } = stamp;
  const run = startRun(request, { ...scope.head, workingTree: request.source.workingTree, key: stamp.revision }, host, started);
  emit(startedEvent(run, host));
  const counts = { resources, converged: resources - held, create: 0, update: 0, remove: 0, held, failed: 0, adopted: 0 };
  const report = run.report({ outcome: 'converged', summary: convergedSummary(counts), counts });
  await tellEnd(request, report, emit);
  return report;
}

/** Whether what can be told from stat calls is as the last verified run left it. Says nothing of what has no path, such as commands. */
export function isSettled(request: Pick<Request, 'source' | 'host' | 'root'>): boolean {
  const scope = openScope(request);
  const stamp = readStamp(scope.stateDirectory, scope.reader.realPath);
  return stamp !== undefined && hasSameSources(stamp, scope) && stamp.index.isUnchanged();
}

const suspendedBecause = ({ reason, by, until }: Suspension): string => `Suspended by ${by} until ${until}: ${reason}`;

/** Whether the catalog would be compiled from the same as in the last run, and by the same. */
const hasSameSources = ({ build, environment, sources }: Stamp, scope: Scope): boolean =>
  build === buildId && environment === scope.environment && sources.isUnchanged();
