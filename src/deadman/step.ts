import type { DeadmanLimits } from '../model/deadman-settings.ts';

/** What one check saw. */
export interface Observation {
  /**
   * `healthy`: all is well. `alive`: it answers, but not that it is well (401, 403, 429): no death, and the end of one, but no proof of health. `dead`: a
   * check failed. `blind`: the watchdog itself could not look.
   */
  readonly verdict: 'healthy' | 'alive' | 'dead' | 'blind';
  /** Host or agent started less than the grace ago. */
  readonly starting: boolean;
  /** Who works on the host at this moment, or wants it left alone. */
  readonly suppressed: 'run' | 'suspended' | undefined;
  /** Too little disk, too much swap. A restart does not help against that. */
  readonly blocked: boolean;
  /** A configuration is kept that was well and is another than the present one. */
  readonly canRollBack: boolean;
  /** How long the reconciler's own agent has given no sign of life. Milliseconds; 0 where it never gave one. */
  readonly silence?: number;
  /** How long messages have waited for somebody to take them. Milliseconds. */
  readonly unheardFor?: number;
}

type Condition = 'well' | 'dead' | 'given-up';
type Sight = 'sighted' | 'blind';
type Machine = 'free' | 'blocked';
type Engine = 'heard' | 'quiet' | 'silent';
type Alarm = 'works' | 'unheard';

interface Told<Value extends string> {
  readonly value: Value;
  /** When which value was told last. */
  readonly at: Readonly<Partial<Record<Value, number>>>;
}

/** What a watchdog remembers from check to check. Times are those of its own clock, which never jumps (`clock.ts`). */
export interface WatchState {
  readonly condition: Condition;
  readonly misses: number;
  readonly goods: number;
  readonly blinds: number;
  /** When a check counted last. */
  readonly countedAt: number | null;
  /** Whether the last check was bad and forgiven. */
  readonly excused: boolean;
  /** Whether one was forgiven since the last good one. */
  readonly isGraceUsed: boolean;
  readonly restarts: readonly number[];
  readonly rollbacks: readonly number[];
  readonly suppressedSince: number | null;
  readonly blockedSince: number | null;
  /** When the ways to people were tested last, or the watchdog began. Absent in what older versions have kept. */
  readonly testedAt?: number;
  readonly told: {
    readonly agent: Told<Condition>;
    readonly sight: Told<Sight>;
    readonly machine: Told<Machine>;
    /** The two are absent in what older versions have kept. */
    readonly engine?: Told<Engine>;
    readonly alarm?: Told<Alarm>;
  };
}

export type WatchAction =
  | { readonly do: 'snapshot' | 'rollback' | 'flag' | 'unflag' }
  | { readonly do: 'restart'; readonly attempt: number }
  | {
      readonly do: 'tell';
      readonly subject: keyof WatchState['told'];
      readonly value: Condition | Sight | Machine | Engine | Alarm | 'test';
    };

interface Stepped {
  readonly state: WatchState;
  /** In this order. */
  readonly actions: readonly WatchAction[];
  /** Whether the check counted: not suppressed, not too soon after the one before. */
  readonly counted: boolean;
}

const firstTold = {
  agent: { value: 'well', at: {} },
  sight: { value: 'sighted', at: {} },
  machine: { value: 'free', at: {} },
  engine: { value: 'heard', at: {} },
  alarm: { value: 'works', at: {} },
} as const satisfies WatchState['told'];
const subjects = ['agent', 'sight', 'machine', 'engine', 'alarm'] as const;

export const firstState: WatchState = {
  condition: 'well',
  misses: 0,
  goods: 0,
  blinds: 0,
  countedAt: null,
  excused: false,
  isGraceUsed: false,
  restarts: [],
  rollbacks: [],
  suppressedSince: null,
  blockedSince: null,
  told: firstTold,
};

/**
 * The whole decision of a watchdog. Pure. `failures` bad checks in a row make an agent dead: it is restarted, at most `max_restarts`
 * times within `episode` and not within `restart_cooldown`; then, where that is asked for and possible, its configuration is
 * rolled back, once; then it is given up and only looked at. `clear_after` good checks in a row end all that.
 */
export function step(before: WatchState, seen: Observation, limits: DeadmanLimits, now: number): Stepped {
  const idle = (state: WatchState): Stepped => ({ state, actions: [], counted: false });
  // Checks by hand, or those that cron makes up for after the clock was set, say nothing new.
  if (before.countedAt !== null && now - before.countedAt < limits.check_interval / 2) return idle(before);
  if (seen.suppressed !== undefined) {
    const since = before.suppressedSince ?? now;
    // A suspension has an end of its own.
    if (seen.suppressed === 'suspended' || now - since < limits.suppress_at_most)
      return idle({ ...before, suppressedSince: since });
  }
  const state: WatchState = {
    ...count(before, seen, limits, now),
    countedAt: now,
    suppressedSince: seen.suppressed === undefined ? null : before.suppressedSince,
    blockedSince: seen.blocked ? (before.blockedSince ?? now) : null,
    restarts: before.restarts.filter((at) => now - at < limits.episode),
    rollbacks: before.rollbacks.filter((at) => now - at < limits.episode),
  };
  const decided = decide(state, seen, limits, now);
  const spoken = speak(decided.state, seen, limits, now);
  return { state: spoken.state, actions: [...decided.actions, ...spoken.actions], counted: true };
}

/** The check as counts; a forgiven one counts as nothing. */
function count(state: WatchState, seen: Observation, limits: DeadmanLimits, now: number): WatchState {
  switch (seen.verdict) {
    case 'healthy':
    case 'alive':
      return { ...state, goods: state.goods + 1, misses: 0, blinds: 0, excused: false, isGraceUsed: false };
    case 'blind':
      return { ...state, blinds: state.blinds + 1, excused: false };
    case 'dead': {
      const isOurs = [...state.restarts, ...state.rollbacks].some((at) => now - at < limits.startup_grace);
      // Once: what is always just starting is not well.
      const excused = isOurs || (seen.starting && !state.isGraceUsed);
      const misses = excused ? state.misses : state.misses + 1;
      return { ...state, goods: 0, blinds: 0, excused, isGraceUsed: state.isGraceUsed || excused, misses };
    }
  }
}

type Decided = Omit<Stepped, 'counted'>;

function decide(state: WatchState, seen: Observation, limits: DeadmanLimits, now: number): Decided {
  const isBad = seen.verdict === 'dead' && !state.excused;
  if (state.condition === 'well') {
    if (isBad && state.misses >= limits.failures) return act({ ...state, condition: 'dead' }, seen, limits, now);
    return { state, actions: seen.verdict === 'healthy' ? [{ do: 'snapshot' }] : [] };
  }
  if (state.goods >= limits.clear_after) {
    const actions: WatchAction[] = state.condition === 'given-up' ? [{ do: 'unflag' }] : [];
    return { state: { ...state, condition: 'well' }, actions };
  }
  return isBad && state.condition === 'dead' ? act(state, seen, limits, now) : { state, actions: [] };
}

function act(state: WatchState, seen: Observation, limits: DeadmanLimits, now: number): Decided {
  const last = Math.max(...state.restarts, ...state.rollbacks);
  if (now - last < limits.restart_cooldown) return { state, actions: [] };
  if (state.restarts.length < limits.max_restarts) {
    const restarts = [...state.restarts, now];
    return { state: { ...state, restarts }, actions: [{ do: 'restart', attempt: restarts.length }] };
  }
  if (limits.action === 'rollback' && seen.canRollBack && state.rollbacks.length === 0)
    return { state: { ...state, rollbacks: [now] }, actions: [{ do: 'rollback' }] };
  return { state: { ...state, condition: 'given-up' }, actions: [{ do: 'flag' }] };
}

/** At most one message per change, and none twice within the cooldown: what is still so afterwards is told then. */
function speak(state: WatchState, seen: Observation, limits: DeadmanLimits, now: number): Decided {
  const isBlocked = state.blockedSince !== null && now - state.blockedSince >= limits.blocked_after;
  const agent = announce(state.told.agent, state.condition, limits, now);
  const sight = announce(state.told.sight, state.blinds >= limits.failures ? 'blind' : 'sighted', limits, now);
  const machine = announce(state.told.machine, isBlocked ? 'blocked' : 'free', limits, now);
  const engine = announce<Engine>(state.told.engine ?? firstTold.engine, engineOf(seen, limits), limits, now);
  const isUnheard = (seen.unheardFor ?? 0) >= (limits.unheard_after ?? Infinity);
  const alarm = announce<Alarm>(state.told.alarm ?? firstTold.alarm, isUnheard ? 'unheard' : 'works', limits, now);
  const told = { agent, sight, machine, engine, alarm };
  const before = { ...firstTold, ...state.told };
  const news = subjects.filter((subject) => told[subject].value !== before[subject].value);
  const isTestDue = now - (state.testedAt ?? now) >= (limits.alarm_test_every ?? Infinity);
  const actions = news.map((subject): WatchAction => ({ do: 'tell', subject, value: told[subject].value }));
  if (isTestDue) actions.push({ do: 'tell', subject: 'alarm', value: 'test' });
  return { state: { ...state, told, testedAt: isTestDue ? now : (state.testedAt ?? now) }, actions };
}

function engineOf(
  { silence = 0 }: Observation,
  { silence_note: note = Infinity, silence_alarm: alarm = Infinity }: DeadmanLimits,
): Engine {
  if (silence >= alarm) return 'silent';
  return silence >= note ? 'quiet' : 'heard';
}

/** The same object when there is nothing to tell. */
function announce<Value extends string>(told: Told<Value>, value: Value, limits: DeadmanLimits, now: number): Told<Value> {
  const last = told.at[value];
  if (told.value === value || (last !== undefined && now - last < limits.alert_cooldown)) return told;
  return { value, at: { ...told.at, [value]: now } };
}
