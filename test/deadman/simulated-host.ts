import { firstState, step, type Observation, type WatchAction, type WatchState } from '../../src/deadman/step.ts';
import type { DeadmanLimits } from '../../src/model/deadman-settings.ts';

export const minute = 60_000;
export const hour = 60 * minute;

export const limits: DeadmanLimits = {
  check_interval: 5 * minute,
  failures: 3,
  clear_after: 2,
  max_restarts: 3,
  episode: 24 * hour,
  restart_cooldown: 10 * minute,
  startup_grace: 2 * minute,
  alert_cooldown: hour,
  suppress_at_most: hour,
  blocked_after: 30 * minute,
  action: 'rollback',
};

/** One stretch of a host's life: what is wrong with the agent, for how long, and what would help. */
export interface Stretch {
  readonly minutes: number;
  readonly fault: 'none' | 'crashed' | 'bad-config' | 'broken' | 'refused' | 'flapping' | 'no-bus';
  readonly isHostBusy: 'run' | 'suspended' | undefined;
  readonly isDiskFull: boolean;
  /** How cron behaves: each check as it should, some left out, some twice. */
  readonly cron: 'exact' | 'gaps' | 'doubles';
}

/** What happened at one check, by the host's own time. */
export interface Check {
  readonly at: number;
  readonly seen: Observation;
  readonly before: WatchState;
  readonly state: WatchState;
  readonly counted: boolean;
  readonly actions: readonly WatchAction[];
}

export const observation = (verdict: Observation['verdict'], more: Partial<Observation> = {}): Observation => ({
  verdict,
  starting: false,
  suppressed: undefined,
  blocked: false,
  canRollBack: true,
  ...more,
});

/**
 * Lives through the stretches, with a check every five minutes. A crashed agent comes back with a restart, one with a bad
 * configuration with a rollback, a broken one not before the stretch is over.
 */
export function simulate(stretches: readonly Stretch[], random: () => number, first: WatchState = firstState): readonly Check[] {
  const checks: Check[] = [];
  let state = first;
  let now = 0;
  const check = (seen: Observation): readonly WatchAction[] => {
    const stepped = step(state, seen, limits, now);
    checks.push({ at: now, seen, before: state, ...stepped });
    state = stepped.state;
    return stepped.actions;
  };
  for (const stretch of stretches) {
    const end = now + stretch.minutes * minute;
    let isCured = false;
    while (now < end) {
      const seen = look(stretch, isCured, random);
      const actions = check(seen);
      isCured ||= actions.some((action) => helps(stretch.fault, action.do));
      if (stretch.cron === 'doubles' && random() < 0.3) {
        now += Math.floor(random() * 2 * minute);
        check(look(stretch, isCured, random));
      }
      now += 5 * minute * (stretch.cron === 'gaps' && random() < 0.3 ? 1 + Math.floor(random() * 50) : 1);
    }
  }
  return checks;
}

const helps = (fault: Stretch['fault'], action: WatchAction['do']): boolean =>
  (fault === 'crashed' && action === 'restart') || (fault === 'bad-config' && action === 'rollback');

function look({ fault, isHostBusy, isDiskFull }: Stretch, isCured: boolean, random: () => number): Observation {
  const verdicts = {
    none: 'healthy',
    crashed: 'dead',
    'bad-config': 'dead',
    broken: 'dead',
    refused: 'alive',
    flapping: random() < 0.5 ? 'dead' : 'healthy',
    'no-bus': 'blind',
  } as const;
  return observation(isCured ? 'healthy' : verdicts[fault], { suppressed: isHostBusy, blocked: isDiskFull });
}
