import { convergeTask } from '../../fleet/converge-task.ts';
import { openWorkingRevision } from '../../fleet/working-revision.ts';
import type { HostOutcome } from '../../model/fleet.ts';
import { renderRecap } from '../../report/render-fleet-recap.ts';
import { openFleetRun } from '../fleet-command.ts';
import { readFleetPlan } from '../fleet-plan-file.ts';
import { textOption, type Invocation } from '../invocation.ts';

/**
 * Has every host do exactly what `fleet check --out` showed; a host that has moved since refuses. Without `--limit` it is about the hosts
 * that were looked at; one that was chosen, or looked at, and has no plan is refused, and so is one that the inventory has no more.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { commit: planned, tags, digests, hosts: seen } = readFleetPlan(invocation.arguments[0]!);
  const isChosen = textOption(invocation, 'limit') !== undefined;
  await using fleet = await openFleetRun(invocation, 'apply', isChosen ? undefined : seen);
  const targets = fleet.targets.filter(({ name }) => digests.has(name));
  await using revision = await openWorkingRevision(
    fleet.repository,
    { uncommitted: 'include', revision: planned },
    invocation.signal,
  );
  const task = convergeTask(revision, { ...fleet, tags, digests });
  const unplanned = fleet.targets.filter(({ name }) => !digests.has(name)).map(({ name }) => refused(name, withoutPlan));
  const isWhole = !isChosen && invocation.options['retryFailed'] !== true;
  const known = new Set(fleet.inventory.hosts);
  const gone = [...digests.keys()].filter((name) => isWhole && !known.has(name)).map((name) => refused(name, withoutHost));
  for (const outcome of [...unplanned, ...gone]) fleet.emit({ type: 'host-finished', outcome });
  const done = await fleet.onHosts(targets, task, { isRepeatable: true });
  const outcomes = new Map([...unplanned, ...done].map((outcome) => [outcome.host, outcome] as const));
  const hosts = [...fleet.targets.flatMap(({ name }) => outcomes.get(name) ?? []), ...gone];
  const { commit, branch } = revision;
  return fleet.finish(hosts, { revision: { commit, branch, workingTree: false }, halted: null }, renderRecap).exit;
}

const withoutPlan = {
  message: 'the plan has nothing for it',
  hint: 'reconcile fleet check --out makes a plan; --limit leaves a host out',
};
const withoutHost = {
  message: 'the plan has something for it, but the inventory does not have it any more',
  hint: withoutPlan.hint,
};
const refused = (host: string, why: typeof withoutPlan): HostOutcome => ({
  host,
  verdict: 'refused',
  ...why,
  attempts: 0,
  duration: 0,
});
