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
import { planWaves, type Wave } from '../inventory/plan-waves.ts';
import type { Document, RolloutDocument } from '../model/document.ts';
import type { FleetEvent, Target } from '../model/fleet.ts';
import { loadRollout } from '../source/load.ts';
import { ExitError } from '../model/exit-error.ts';
import type { FleetRun } from './fleet-command.ts';
import { touchNoHost } from './touch-no-host.ts';

interface Convergence {
  readonly action: 'push' | 'apply';
  readonly revision: WorkingRevision;
  readonly tags: readonly string[];
  /** The plan that each host may carry out; hosts without one are not gone to. */
  readonly digests?: ReadonlyMap<string, string>;
}

/**
 * Has the hosts of a command converge to a revision, in the waves of the repository's rollout.yaml where it has one. Throws before any host is
 * touched.
 */
export async function convergeFleet(fleet: FleetRun, convergence: Convergence): Promise<RolloutEnd> {
  const { digests } = convergence;
  const targets = fleet.targets.filter(({ name }) => digests?.has(name) ?? true);
  if (targets.length === 0) return { hosts: [], halted: null, isOpen: false };
  const { rollout, problems: unread } = loadRollout(fleet.tree.files);
  touchNoHost(unread);
  if (rollout) return await convergeInWaves({ ...fleet, targets }, rollout, wavesOf(rollout, fleet, targets), convergence);
  const task = convergeTask(convergence.revision, { ...fleet, ...convergence });
  return { hosts: await fleet.onHosts(targets, task, { isRepeatable: true }), halted: null, isOpen: false };
}

/** With `targets` alone. Where others were chosen, too, no wave is without any, lest those behind it go unproved. */
function wavesOf(rollout: Document<RolloutDocument>, fleet: FleetRun, targets: readonly Target[]): readonly Wave[] {
  const among = (some: readonly Target[]): ReturnType<typeof planWaves> =>
    planWaves(rollout, fleet.inventory, new Set(some.map(({ name }) => name)));
  const { waves, problems } = among(targets);
  touchNoHost(problems);
  const known = new Set(waves.map(({ name }) => name));
  const chosen = among(fleet.targets).waves;
  const left = chosen.find(({ name }) => !known.has(name));
  if (left && chosen.slice(chosen.indexOf(left)).some(({ name }) => known.has(name)))
    throw new ExitError(
      'refused',
      `the plan has nothing for wave ${left.name}, so that nothing would be known before the next wave begins`,
      'reconcile fleet check --out makes a plan; --limit leaves hosts out of their waves',
    );
  return waves;
}

async function convergeInWaves(
  fleet: FleetRun,
  rollout: Document<RolloutDocument>,
  waves: readonly Wave[],
  convergence: Convergence,
): Promise<RolloutEnd> {
  const { revision, digests, ...words } = convergence;
  const { signal } = fleet;
  // Hosts that have made a plan have compiled it; and what is not checked out only they can judge.
  if (!digests && !revision.isSparse) {
    const { findMistakes } = await import('../operations/find-mistakes.ts');
    const names = fleet.targets.map(({ name }) => name);
    touchNoHost(await findMistakes(fleet.tree, fleet.inventoryFiles, names, signal));
  }
  const store = openRolloutStore(fleet.memory, fleet.repository);
  // `rollout status` holds it for a moment to see whether somebody does.
  const lock = store.lock() ?? (await pause(200, undefined, { signal }).then(store.lock));
  if (!lock)
    throw new ExitError(
      'busy',
      'another rollout of this repository is at work',
      'reconcile fleet rollout status shows it; reconcile fleet rollout abort ends it',
    );
  try {
    const before = leftOpen(store);
    if (!before) store.setWish(undefined);
    using gate = openRolloutGate(store, fleet.emit, signal);
    const { commit, branch } = revision;
    return await runRollout({
      ...actsOn(fleet, convergence),
      ...words,
      commit,
      branch,
      waves,
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

function actsOn(fleet: FleetRun, { revision, ...way }: Convergence): Pick<Rollout, 'push' | 'check' | 'takeBack'> {
  const target = new Map(fleet.targets.map((each) => [each.name, each] as const));
  const look = revisionTask(revision, { action: 'check', tags: way.tags, health: true }, () => undefined);
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
      const converge = convergeTask(revision, { ...fleet, ...way, emit });
      const [outcome] = await fleet.onHosts([target.get(host)!], converge, { isRepeatable: true, wave });
      return outcome!;
    },
    async check(hosts) {
      const targets = hosts.map((host) => target.get(host)!);
      const found = await fleet.onHosts(targets, lookTwice, { isRepeatable: true, isQuiet: true });
      return new Map(found.filter(({ verdict }) => verdict !== 'halted').map((outcome) => [outcome.host, outcome] as const));
    },
    async takeBack(host, run) {
      const task = takeBackTask(run, revision.commit, fleet.timeout);
      // By the name of the run: what is taken back already is not taken back once more.
      const [outcome] = await fleet.onHosts([target.get(host)!], task, { isRepeatable: true, isQuiet: true });
      return outcome!;
    },
  };
}
