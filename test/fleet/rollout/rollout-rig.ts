import type { Wave } from '../../../src/inventory/plan-waves.ts';
import type { Finding, FleetEvent } from '../../../src/model/fleet.ts';
import type { RolloutState } from '../../../src/model/rollout.ts';
import { openRolloutGate } from '../../../src/fleet/rollout/rollout-gate.ts';
import { openRolloutStore, type RolloutStore } from '../../../src/fleet/rollout/rollout-store.ts';
import { runRollout, type Rollout, type RolloutEnd } from '../../../src/fleet/rollout/run-rollout.ts';
import { outcomeWith } from '../../report/fleet-fixture.ts';
import { reportWith } from '../../report/report-fixture.ts';

/** Hosts that answer as the test says, and what was asked of them. */
export interface RolloutRig {
  readonly store: RolloutStore;
  readonly events: FleetEvent[];
  /** `push a`, `check a b`, `take back a run-a`. */
  readonly asked: string[];
  /** Answers by host; a host that is not named takes the revision and stays well. */
  readonly pushes: Record<string, Finding>;
  readonly checks: Record<string, Finding>;
  readonly rollbacks: Record<string, Finding>;
  /** Runs of which is heard before a host answers; the one that it answers with, where it is not named. */
  readonly begun: Record<string, string>;
  /** Called before a host answers a push. */
  whenPushed: (host: string) => void | Promise<void>;
  readonly interrupt: AbortController;
  run(waves: readonly Partial<Wave>[], members?: Partial<Rollout>): Promise<RolloutEnd>;
}

export const commit = 'c'.repeat(40);

export function rolloutRig(directory: string): RolloutRig {
  const store = openRolloutStore(directory, '/srv/config');
  const rig: RolloutRig = {
    store,
    events: [],
    asked: [],
    pushes: {},
    checks: {},
    rollbacks: {},
    begun: {},
    whenPushed: () => undefined,
    interrupt: new AbortController(),
    async run(waves, members = {}) {
      const emit = (event: FleetEvent): void => void rig.events.push(event);
      using gate = openRolloutGate(store, emit, rig.interrupt.signal);
      return await runRollout({
        action: 'push',
        commit,
        branch: 'main',
        tags: [],
        waves: waves.map((wave, index) => ({ name: `w${index + 1}`, hosts: [], bake: 0, mayFail: 0, ...wave })),
        onHalt: 'rollback_failed',
        forks: 1,
        before: leftOver(store.read()),
        store,
        gate,
        emit,
        async push(host, wave, began) {
          rig.asked.push(`push ${host}`);
          await rig.whenPushed(host);
          const report = reportWith({ host, run: `run-${host}`, writes: 2 });
          const found = rig.pushes[host] ?? { verdict: 'converged', message: 'Applied and verified', report };
          const run = rig.begun[host] ?? (rig.interrupt.signal.aborted ? undefined : found.report?.run);
          if (run !== undefined) began(run);
          if (rig.interrupt.signal.aborted) return outcomeWith(host, { wave, verdict: 'halted', message: 'interrupted' });
          return outcomeWith(host, { wave, ...found });
        },
        check(hosts) {
          rig.asked.push(`check ${hosts.join(' ')}`);
          return Promise.resolve(new Map(hosts.map((host) => [host, rig.checks[host] ?? { verdict: 'converged', message: '' }])));
        },
        takeBack(host, run) {
          rig.asked.push(`take back ${host} ${run}`);
          return Promise.resolve(rig.rollbacks[host] ?? { verdict: 'converged', message: 'taken back' });
        },
        ...members,
      });
    },
  };
  return rig;
}

const leftOver = (state: RolloutState | undefined): RolloutState | undefined =>
  state?.phase === 'running' || state?.phase === 'halting' ? state : undefined;

export const rolledBack: Finding = {
  verdict: 'rolledBack',
  message: 'the gateway did not answer',
  report: reportWith({ outcome: 'rolledBack', writes: 4 }),
};
export const down: Finding = { verdict: 'unreachable', message: 'no answer within 10 s' };
export const drifted: Finding = { verdict: 'driftOnly', message: 'service[gateway] is not running' };
/** `a: converged, b: halted`. */
export const verdicts = ({ hosts }: RolloutEnd): string => hosts.map(({ host, verdict }) => `${host}: ${verdict}`).join(', ');

/** Resolves with the next event of this type. */
export function told({ events }: RolloutRig, type: FleetEvent['type']): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const push = events.push.bind(events);
  events.push = (...some) => {
    if (some.some((event) => event.type === type)) resolve();
    return push(...some);
  };
  return promise;
}
