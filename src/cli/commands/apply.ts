import { reconcile } from '../../reconcile.ts';
import { workingTree } from '../../source/working-tree.ts';
import { cliError } from '../cli-error.ts';
import { textOption, type Invocation } from '../invocation.ts';
import { readPlanFile } from '../plan-file.ts';
import { openRunOutput } from '../run-output.ts';

/** Does what a plan says, or refuses (exit 7) when the host or the revision has moved since. */
export async function run(invocation: Invocation): Promise<number> {
  const { request, report: planned } = readPlanFile(invocation.arguments[0]!);
  const source = workingTree(request.source);
  const { commit } = source.head();
  if (commit !== planned.revision.commit) {
    const moved = `${planned.revision.commit?.slice(0, 8) ?? 'no commit'} → ${commit?.slice(0, 8) ?? 'no commit'}`;
    throw cliError(
      'refused',
      `the revision has moved since the plan was made (${moved}); nothing was applied`,
      'make a new plan',
    );
  }
  const output = openRunOutput(textOption(invocation, 'output'), 'brief');
  const { planDigest } = planned;
  const report = await reconcile({ ...request, source, action: 'converge', planDigest }, output.emit, invocation.signal);
  output.finish(report);
  return report.exit;
}
