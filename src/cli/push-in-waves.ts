import { setTimeout as pause } from 'node:timers/promises';
import { askStatus } from '../fleet/ask-status.ts';
import { convergeTask } from '../fleet/converge-task.ts';
import { revisionTask } from '../fleet/revision-task.ts';
import { leftOpen } from '../fleet/rollout/rollout-record.ts';
import { openRolloutGate } from '../fleet/rollout/rollout-gate.ts';
import { openRolloutStore } from '../fleet/rollout/rollout-store.ts';
import { runRollout, type Rollout, type RolloutEnd } from '../fleet/rollout/run-rollout.ts';
import { takeBackTask } from '../fleet/rollout/take-back-task.ts';
import type { Task } from '../fleet/run-on-hosts.ts';
import type { WorkingRevision } from '../fleet/working-revision.ts';
import { planWaves } from '../inventory/plan-waves.ts';
import type { FleetEvent } from '../model/fleet.ts';
import { loadRollout } from '../source/load.ts';
import { cliError } from './cli-error.ts';
import type { FleetRun } from './fleet-command.ts';
import { touchNoHost } from './touch-no-host.ts';

/** Pushes a revision as the repository's rollout.yaml says; undefined where there is none. Throws before any host is touched. */
export async function pushInWaves(
  fleet: FleetRun,
  revision: WorkingRevision,
  tags: readonly string[],
): Promise<RolloutEnd | undefined> {
  const { signal } = fleet;
  const { rollout, problems: unread } = loadRollout(fleet.tree.files);
  const chosen = new Set(fleet.targets.map(({ name }) => name));
  const planned = rollout && planWaves(rollout, fleet.inventory, chosen);
  touchNoHost([...unread, ...(planned?.problems ?? [])]);
  if (!rollout || !planned) return undefined;
  // What is not checked out only the hosts can judge.
  if (!revision.isSparse) {
    const { findMistakes } = await import('../operations/find-mistakes.ts');
    touchNoHost(await findMistakes(fleet.tree, fleet.inventoryFiles, [...chosen]));
  }
  const store = openRolloutStore(fleet.memory, fleet.repository);
  // `rollout status` holds it for a moment to see whether somebody does.
  const lock = store.lock() ?? (await pause(200, undefined, { signal }).then(store.lock));
  if (!lock)
    throw cliError(
      'busy',
      'another push in waves of this repository is at work',
      'reconcile fleet rollout status shows it; reconcile fleet rollout abort ends it',
    );
  try {
    const before = leftOpen(store);
    if (!before) store.setWish(undefined);
    using gate = openRolloutGate(store, fleet.emit, signal);
    const { commit, branch } = revision;
    return await runRollout({
      ...actsOn(fleet, revision, tags),
      commit,
      branch,
      tags,
      waves: planned.waves,
      onHalt: rollout.value.on_halt,
      forks: fleet.forks,
      before,
      store,
      gate,
      emit: fleet.emit,
    });
  } finally {
    lock.release();
  }
}

function actsOn(
  fleet: FleetRun,
  revision: WorkingRevision,
  tags: readonly string[],
): Pick<Rollout, 'push' | 'check' | 'takeBack'> {
  const target = new Map(fleet.targets.map((each) => [each.name, each] as const));
  const look = revisionTask(revision, { action: 'check', tags, health: true }, () => undefined);
  const lookTwice: Task = async (connection, signal) => {
    const found = await look(connection, signal);
    if (found.verdict !== 'converged') return found;
    const { status } = await askStatus(connection);
    return { ...found, ...(status && { status }) };
  };
  return {
    async push(host, wave, began) {
      const emit = (event: FleetEvent): void => {
        if (event.type === 'host-event' && event.event.type === 'run-started') began(event.event.run);
        fleet.emit(event);
      };
      const converge = convergeTask(revision, { ...fleet, tags, emit });
      const [outcome] = await fleet.onHosts([target.get(host)!], converge, { isRepeatable: true, wave });
      return outcome!;
    },
    async check(hosts) {
      const targets = hosts.map((host) => target.get(host)!);
      const found = await fleet.onHosts(targets, lookTwice, { isRepeatable: true, isQuiet: true });
      return new Map(found.filter(({ verdict }) => verdict !== 'halted').map((outcome) => [outcome.host, outcome] as const));
    },
    async takeBack(host, run) {
      const task = takeBackTask(run, fleet.timeout);
      // By the name of the run: what is taken back already is not taken back once more.
      const [outcome] = await fleet.onHosts([target.get(host)!], task, { isRepeatable: true, isQuiet: true });
      return outcome!;
    },
  };
}
