import { openWorkingRevision } from '../../fleet/working-revision.ts';
import type { HostOutcome } from '../../model/fleet.ts';
import { renderRecap } from '../../report/render-fleet-recap.ts';
import { convergeFleet } from '../converge-fleet.ts';
import { openFleetRun } from '../fleet-command.ts';
import { readFleetPlan } from '../fleet-plan-file.ts';
import { textOption, type Invocation } from '../invocation.ts';

/**
 * Has every host do exactly what `fleet check --out` showed, in waves as a push; a host that has moved since refuses. Without `--limit` it is
 * about the hosts that were looked at; one that was chosen, or looked at, and has no plan is refused, and so is one that the inventory has no more.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { commit: planned, tags, digests, hosts: seen } = readFleetPlan(invocation.arguments[0]!);
  const isChosen = textOption(invocation, 'limit') !== undefined;
  await using fleet = await openFleetRun(invocation, 'apply', isChosen ? undefined : seen);
  await using revision = await openWorkingRevision(
    fleet.repository,
    { uncommitted: 'include', revision: planned },
    invocation.signal,
  );
  const unplanned = fleet.targets.filter(({ name }) => !digests.has(name)).map(({ name }) => refused(name, withoutPlan));
  const isWhole = !isChosen && invocation.options['retryFailed'] !== true;
  const known = new Set(fleet.inventory.hosts);
  const gone = [...digests.keys()].filter((name) => isWhole && !known.has(name)).map((name) => refused(name, withoutHost));
  for (const outcome of [...unplanned, ...gone]) fleet.emit({ type: 'host-finished', outcome });
  const applied = await convergeFleet(fleet, { action: 'apply', revision, tags, digests });
  const outcomes = new Map([...unplanned, ...applied.hosts].map((outcome) => [outcome.host, outcome] as const));
  const hosts = [...fleet.targets.flatMap(({ name }) => outcomes.get(name) ?? []), ...gone];
  const { commit, branch } = revision;
  const end = { revision: { commit, branch, workingTree: false }, halted: applied.halted };
  return fleet.finish(hosts, end, (report, paint, columns) => renderRecap(report, paint, columns, applied)).exit;
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
