import { openWorkingRevision } from '../../fleet/working-revision.ts';
import { renderRecap } from '../../report/render-fleet-recap.ts';
import { convergeFleet } from '../converge-fleet.ts';
import { openFleetRun } from '../fleet-command.ts';
import type { Invocation } from '../invocation.ts';
import { tagsOption } from '../request.ts';

/** Sends the commit that is checked out to every host and has it converge there, in waves where the repository has a rollout. */
export async function run(invocation: Invocation): Promise<number> {
  const tags = tagsOption(invocation);
  await using fleet = await openFleetRun(invocation, 'push');
  await using revision = await openWorkingRevision(fleet.repository, { uncommitted: 'refuse' }, invocation.signal);
  const pushed = await convergeFleet(fleet, { action: 'push', revision, tags });
  const { commit, branch } = revision;
  const end = { revision: { commit, branch, workingTree: false }, halted: pushed.halted };
  return fleet.finish(pushed.hosts, end, (report, paint, columns) => renderRecap(report, paint, columns, pushed)).exit;
}
