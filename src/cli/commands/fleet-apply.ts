import { convergeTask } from '../../fleet/converge-task.ts';
import { openWorkingRevision } from '../../fleet/working-revision.ts';
import { renderRecap } from '../../report/render-fleet-recap.ts';
import { openFleetRun } from '../fleet-command.ts';
import { readFleetPlan } from '../fleet-plan-file.ts';
import type { Invocation } from '../invocation.ts';

/** Has every host do exactly what `fleet check --out` showed; a host that has moved since refuses. */
export async function run(invocation: Invocation): Promise<number> {
  const { commit: planned, tags, digests } = readFleetPlan(invocation.arguments[0]!);
  await using fleet = await openFleetRun(invocation, 'apply');
  const targets = fleet.targets.filter(({ name }) => digests.has(name));
  await using revision = await openWorkingRevision(
    fleet.repository,
    { uncommitted: 'include', revision: planned },
    invocation.signal,
  );
  const task = convergeTask(revision, { ...fleet, tags, digests });
  const hosts = await fleet.onHosts(targets, task, { isRepeatable: true });
  const { commit, branch } = revision;
  return fleet.finish(hosts, { revision: { commit, branch, workingTree: false }, halted: null }, renderRecap).exit;
}
