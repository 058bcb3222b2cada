import { statSync } from 'node:fs';
import type { Event } from '../../model/event.ts';
import type { Report } from '../../model/report.ts';
import type { Source } from '../../model/revision.ts';
import { reconcile } from '../../reconcile.ts';
import { isCommitIdentity } from '../../source/git/commit-source.ts';
import { workingTree } from '../../source/working-tree.ts';
import { ExitError } from '../../model/exit-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { fromRemote } from '../request.ts';
import { awaitsRemote } from '../../model/unconfirmed.ts';
import { readPlanFile, type PlanFile } from '../plan-file.ts';
import { openRunOutput } from '../run-output.ts';
import { withWhatMoved } from '../what-moved.ts';

/** Does what a plan says, or refuses (exit 7) when the host or the revision has moved since. */
export async function run(invocation: Invocation): Promise<number> {
  const { request, report: planned } = readPlanFile(invocation.arguments[0]!);
  if (request.root !== undefined) requireDirectory(request.root, '--root');
  const source = await plannedSource(request, invocation.signal);
  const { commit } = source.head();
  if (commit !== planned.revision.commit) {
    const moved = `${planned.revision.commit?.slice(0, 8) ?? 'no commit'} → ${commit?.slice(0, 8) ?? 'no commit'}`;
    throw new ExitError(
      'refused',
      `the revision has moved since the plan was made (${moved}); nothing was applied`,
      'make a new plan',
    );
  }
  const output = openRunOutput(textOption(invocation, 'output'), 'brief');
  const { planDigest } = planned;
  const applied = {
    ...request,
    source,
    action: 'converge' as const,
    planDigest,
    ...fromRemote(request.root, source),
  };
  const named = (report: Report): Report => withWhatMoved(report, planned);
  const tell = (event: Event): void => output.emit(event.type === 'finished' ? { ...event, report: named(event.report) } : event);
  let report = named(await reconcile(applied, tell, invocation.signal));
  if (awaitsRemote(report)) report = await (await import('../settle-run.ts')).settleRun(invocation, applied, report, output.emit);
  output.finish(report);
  return report.exit;
}

/** Where the plan was made from: a directory, or the remote of the host policy, whatever is newest there now. */
async function plannedSource({ source, host, root }: PlanFile['request'], signal: AbortSignal): Promise<Source> {
  if (!isCommitIdentity(source)) {
    requireDirectory(source, 'repository');
    return workingTree(source);
  }
  const { remoteSource } = await import('../remote-source.ts');
  const found = await remoteSource({ host, root, signal });
  if (!found)
    throw new ExitError('refused', 'the plan was made from a remote, and the host policy names none', 'make a new plan');
  return found;
}

function requireDirectory(path: string, what: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new ExitError('usage', `the ${what} that the plan was made for is gone: ${path}`, 'make a new plan');
}
