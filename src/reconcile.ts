import type { Event } from './model/event.ts';
import type { Report } from './model/report.ts';
import type { Request } from './model/request.ts';
import { convergedSummary, startRun } from './run/start-run.ts';
import { openScope, type Scope } from './run/scope.ts';
import { readStamp, type Stamp } from './state/converged-stamp.ts';

/**
 * One run, from the repository to the report. Where nothing moved since the last verified run, neither in the sources nor on
 * the host, that is all there is to find out, and the other stages are not even loaded. Throws only for what is nobody's
 * input (a bug, a state that cannot be used).
 */
export async function reconcile(request: Request, emit: (event: Event) => void, signal: AbortSignal): Promise<Report> {
  const started = performance.now();
  const scope = openScope(request);
  const stamp = readStamp(scope.stateDirectory, scope.reader.realPath);
  const mayTrust = !request.paranoid && request.tags.length === 0 && request.planDigest === undefined;
  if (!mayTrust || !stamp || !holds(stamp, scope)) {
    const { reconcileFully } = await import('./pipeline.ts');
    return reconcileFully({ request, scope, stamp, started, emit, signal });
  }
  const { host, resources, held } = stamp;
  const run = startRun(request, { ...scope.head, workingTree: request.source.workingTree, key: stamp.revision }, host, started);
  emit({ type: 'run-started', run: run.id, host, revision: scope.head.commit ?? 'working tree' });
  const counts = { resources, converged: resources - held, create: 0, update: 0, remove: 0, held, failed: 0, adopted: 0 };
  const report = run.report({ outcome: 'converged', summary: convergedSummary(counts), counts });
  emit({ type: 'finished', run: run.id, report });
  return report;
}

/** Whether the host is as the last run left and proved it, and the sources are as it read them. */
const holds = ({ environment, isComplete, sources, index }: Stamp, scope: Scope): boolean =>
  isComplete && environment === scope.environment && sources.isUnchanged() && index.isUnchanged();
