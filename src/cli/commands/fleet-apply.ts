import { convergeTask } from '../../fleet/converge-task.ts';
import { openWorkingRevision } from '../../fleet/working-revision.ts';
import type { HostOutcome } from '../../model/fleet.ts';
import { renderRecap } from '../../report/render-fleet-recap.ts';
import { cliError } from '../cli-error.ts';
import { openFleetRun } from '../fleet-command.ts';
import { readFleetPlan } from '../fleet-plan-file.ts';
import { textOption, type Invocation } from '../invocation.ts';

/**
 * Has every host do exactly what `fleet check --out` showed; a host that has moved since refuses. Without `--limit` it is about the hosts
 * that were looked at; one that was chosen, or looked at, and has no plan is refused.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { commit: planned, tags, digests, hosts: seen } = readFleetPlan(invocation.arguments[0]!);
  await using fleet = await openFleetRun(invocation, 'apply');
  const isChosen = textOption(invocation, 'limit') !== undefined;
  const chosen = fleet.targets.filter(({ name }) => isChosen || seen.has(name));
  if (chosen.length === 0) throw cliError('usage', 'no host is left to go to', 'the plan has nothing for those that are chosen');
  const targets = chosen.filter(({ name }) => digests.has(name));
  await using revision = await openWorkingRevision(
    fleet.repository,
    { uncommitted: 'include', revision: planned },
    invocation.signal,
  );
  const task = convergeTask(revision, { ...fleet, tags, digests });
  const unplanned = chosen.filter(({ name }) => !digests.has(name)).map(({ name }) => withoutPlan(name));
  for (const outcome of unplanned) fleet.emit({ type: 'host-finished', outcome });
  const done = await fleet.onHosts(targets, task, { isRepeatable: true });
  const outcomes = new Map([...unplanned, ...done].map((outcome) => [outcome.host, outcome] as const));
  const hosts = chosen.flatMap(({ name }) => outcomes.get(name) ?? []);
  const { commit, branch } = revision;
  return fleet.finish(hosts, { revision: { commit, branch, workingTree: false }, halted: null }, renderRecap).exit;
}

const withoutPlan = (host: string): HostOutcome => ({
  host,
  verdict: 'refused',
  message: 'the plan has nothing for it',
  hint: 'reconcile fleet check --out makes a plan; --limit leaves a host out',
  attempts: 0,
  duration: 0,
});
