import { convergeTask } from '../../fleet/converge-task.ts';
import type { RolloutEnd } from '../../fleet/rollout/run-rollout.ts';
import { openWorkingRevision, type WorkingRevision } from '../../fleet/working-revision.ts';
import { renderRecap } from '../../report/render-fleet-recap.ts';
import { openFleetRun, type FleetRun } from '../fleet-command.ts';
import { pushInWaves } from '../push-in-waves.ts';
import type { Invocation } from '../invocation.ts';
import { tagsOption } from '../request.ts';

/** Sends the commit that is checked out to every host and has it converge there, in waves where the repository has a rollout. */
export async function run(invocation: Invocation): Promise<number> {
  const tags = tagsOption(invocation);
  await using fleet = await openFleetRun(invocation, 'push');
  await using revision = await openWorkingRevision(fleet.repository, { uncommitted: 'refuse' }, invocation.signal);
  const pushed = (await pushInWaves(fleet, revision, tags)) ?? (await pushAtOnce(fleet, revision, tags));
  const { commit, branch } = revision;
  const end = { revision: { commit, branch, workingTree: false }, halted: pushed.halted };
  return fleet.finish(pushed.hosts, end, (report, paint, columns) => renderRecap(report, paint, columns, pushed)).exit;
}

async function pushAtOnce(fleet: FleetRun, revision: WorkingRevision, tags: readonly string[]): Promise<RolloutEnd> {
  const task = convergeTask(revision, { ...fleet, tags });
  return { hosts: await fleet.onHosts(fleet.targets, task, { isRepeatable: true }), halted: null, isOpen: false };
}
