import type { Wave } from '../../inventory/plan-waves.ts';
import type { HostOutcome } from '../../model/fleet.ts';
import type { RolloutHost, RolloutState, Standing } from '../../model/rollout.ts';
import type { RolloutStore } from './rollout-store.ts';
import { remember } from './standing.ts';

/** Which rollout it is. */
export interface RolloutPlan {
  readonly commit: string;
  readonly branch: string | null;
  readonly tags: readonly string[];
  readonly waves: readonly Wave[];
}

/** What has happened so far. Every change is durable when the call returns. */
export interface RolloutRecord {
  readonly phase: RolloutState['phase'];
  readonly reason: string | null;
  host(name: string): RolloutHost | undefined;
  wave(name: string): RolloutState['waves'][number];
  /** Hosts of the wave with this standing. */
  among(wave: Wave, standing: Standing): readonly string[];
  /** Hosts with this standing, of all waves. */
  all(standing: Standing): readonly string[];
  /** A run there carries the revision out. */
  began(host: string, run: string): void;
  hasBegun(host: string): boolean;
  pushed(host: string, outcome: HostOutcome): void;
  /** Who had begun when the push was interrupted, and did not say how it ended, is absent from now on. */
  loseUnheard(): void;
  change(host: string, change: Partial<RolloutHost>): void;
  setWave(name: string, change: Partial<Pick<RolloutState['waves'][number], 'until' | 'isDone'>>): void;
  set(change: Partial<Pick<RolloutState, 'phase' | 'reason'>>): void;
  /** One for each host, wave by wave. */
  outcomes(): readonly HostOutcome[];
}

/**
 * Goes on with `before` where that is the same rollout and was ended in the middle by what happened to its process; else begins
 * a new one in its place.
 */
export function openRecord(
  { commit, branch, tags, waves }: RolloutPlan,
  before: RolloutState | undefined,
  store: Pick<RolloutStore, 'read' | 'write'>,
): RolloutRecord {
  const told = new Map<string, HostOutcome>();
  let state: RolloutState = {
    schema: 'reconcile.rollout/1',
    commit,
    branch,
    tags: [...tags],
    startedAt: new Date().toISOString(),
    phase: 'running',
    reason: null,
    waves: waves.map((wave) => ({ ...wave, hosts: [...wave.hosts], until: null, isDone: false })),
    hosts: {},
  };
  const last = before ?? store.read();
  if (before && isOpen(before) && isSame(before, state))
    state = { ...before, reason: before.phase === 'halting' ? before.reason : null };
  else if (last && last.commit === commit && isSameTags(last, state)) state = { ...state, begun: unprovedRuns(last) };
  const save = (change: Partial<RolloutState>): void => store.write((state = { ...state, ...change }));
  save({});

  const among = (hosts: readonly string[], standing: Standing): readonly string[] =>
    hosts.filter((host) => state.hosts[host]?.standing === standing);
  const outcomeOf = (host: string, wave: string): HostOutcome => {
    const known = state.hosts[host];
    const answer = told.get(host);
    if (!known) return answer ?? notReached(host, wave, state.reason);
    const { standing: _standing, run: _run, isTakenBack: _isTakenBack, ...words } = known;
    // What was found out after the push counts more than what it answered.
    return { ...answer, host, wave, ...words };
  };
  return {
    get phase() {
      return state.phase;
    },
    get reason() {
      return state.reason;
    },
    host: (name) => state.hosts[name],
    wave: (name) => state.waves.find((wave) => wave.name === name)!,
    among: ({ hosts }, standing) => among(hosts, standing),
    all: (standing) => among(Object.keys(state.hosts), standing),
    began(host, run) {
      // A later one is a second try, for which the first has done the work.
      if (!state.begun?.[host]) save({ begun: { ...state.begun, [host]: run } });
    },
    hasBegun: (host) => state.begun?.[host] !== undefined,
    pushed(host, outcome) {
      told.set(host, outcome);
      // Who was interrupted is asked again.
      if (outcome.verdict === 'halted') return;
      const { [host]: run, ...others } = state.begun ?? {};
      // It says itself that it did nothing.
      const isNothing = run !== undefined && outcome.verdict === 'busy' && outcome.report?.run === run;
      save({ hosts: { ...state.hosts, [host]: remember(outcome, run) }, ...(isNothing && { begun: others }) });
    },
    loseUnheard() {
      const unheard = waves.flatMap(({ hosts }) => hosts).filter((host) => state.begun?.[host] && !state.hosts[host]);
      const lost = (host: string): RolloutHost =>
        remember({ ...notReached(host, '', null), message: unheardOf }, state.begun![host]);
      if (unheard.length > 0)
        save({ hosts: { ...state.hosts, ...Object.fromEntries(unheard.map((host) => [host, lost(host)])) } });
    },
    change: (host, change) => save({ hosts: { ...state.hosts, [host]: { ...state.hosts[host]!, ...change } } }),
    setWave: (name, change) => save({ waves: state.waves.map((wave) => (wave.name === name ? { ...wave, ...change } : wave)) }),
    set: save,
    outcomes: () => waves.flatMap(({ name, hosts }) => hosts.map((host) => outcomeOf(host, name))),
  };
}

/** Whether a process was ended in the middle of it. */
export const isOpen = ({ phase }: Pick<RolloutState, 'phase'>): boolean => phase === 'running' || phase === 'halting';

/** The rollout in the middle of which a process was ended, where nobody has aborted it since. */
export function leftOpen(store: Pick<RolloutStore, 'read' | 'wish'>): RolloutState | undefined {
  const state = store.read();
  return state && isOpen(state) && store.wish()?.word !== 'abort' ? state : undefined;
}

/**
 * Of hosts that have the revision, or have begun it, while nobody has watched them to the end of their wave. Who pushes it anew changes
 * nothing there, and is to watch them all the same.
 */
function unprovedRuns({ phase, waves, hosts, begun = {} }: RolloutState): Readonly<Record<string, string>> {
  const unheard = Object.entries(begun).filter(([host]) => !hosts[host]);
  const isOver = phase === 'finished' || phase === 'halted';
  const open = isOver ? [] : waves.filter(({ isDone }) => !isDone).flatMap((wave) => wave.hosts);
  const unwatched = open.flatMap((host): [string, string][] => {
    const { run = null, isTakenBack = false } = hosts[host] ?? {};
    return run === null || isTakenBack ? [] : [[host, run]];
  });
  return Object.fromEntries([...unheard, ...unwatched]);
}

const isSameTags = (one: RolloutState, other: RolloutState): boolean => JSON.stringify(one.tags) === JSON.stringify(other.tags);
const isSame = (one: RolloutState, other: RolloutState): boolean => identity(one) === identity(other);
const identity = ({ commit, tags, waves }: RolloutState): string =>
  JSON.stringify([commit, tags, waves.map(({ name, hosts }) => [name, hosts])]);

const unheardOf = 'it had begun when the push was interrupted, and did not say how that ended';

const notReached = (host: string, wave: string, reason: string | null): HostOutcome => ({
  host,
  wave,
  verdict: 'halted',
  message: `not begun: ${reason ?? 'the rollout stopped before it'}`,
  attempts: 0,
  duration: 0,
});
