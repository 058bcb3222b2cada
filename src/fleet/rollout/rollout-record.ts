import type { Wave } from '../../inventory/plan-waves.ts';
import type { HostOutcome } from '../../model/fleet.ts';
import type { RolloutChange, RolloutHost, RolloutState, Standing } from '../../model/rollout.ts';
import { changing } from './changing.ts';
import type { RolloutStore } from './rollout-store.ts';
import { remember } from './standing.ts';

/** Which rollout it is. */
export interface RolloutPlan {
  readonly action: 'push' | 'apply';
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
  /** Who had begun when the rollout was interrupted, and did not say how it ended, is absent from now on. */
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
  { action, commit, branch, tags, waves }: RolloutPlan,
  before: RolloutState | undefined,
  store: Pick<RolloutStore, 'read' | 'write' | 'add'>,
): RolloutRecord {
  const told = new Map<string, HostOutcome>();
  let head: RolloutState = {
    schema: 'reconcile.rollout/1',
    action,
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
  if (before && isOpen(before) && isSame(before, head))
    head = { ...before, action, reason: before.phase === 'halting' ? before.reason : null };
  else if (last && last.commit === commit && isSameTags(last, head)) head = { ...head, begun: unprovedRuns(last) };
  const { hosts, begun, waves: progress, apply, whole: changed } = changing(head);
  const whole = (): RolloutState => ({ ...changed(), phase: head.phase, reason: head.reason });
  const save = (change: RolloutChange): void => {
    apply(change);
    store.add(change, whole);
  };
  store.write(whole());

  const outcomeOf = (host: string, wave: string): HostOutcome => {
    const known = hosts.get(host);
    const answer = told.get(host);
    if (!known) return answer ?? notReached(host, wave, head.reason);
    const { standing: _standing, run: _run, isTakenBack: _isTakenBack, ...words } = known;
    // What was found out after the push counts more than what it answered.
    return { ...answer, host, wave, ...words };
  };
  return {
    get phase() {
      return head.phase;
    },
    get reason() {
      return head.reason;
    },
    host: (name) => hosts.get(name),
    wave: (name) => progress.get(name)!,
    among: (wave, standing) => wave.hosts.filter((host) => hosts.get(host)?.standing === standing),
    all: (standing) => [...hosts].flatMap(([host, state]) => (state.standing === standing ? [host] : [])),
    began(host, run) {
      // A later one is a second try, for which the first has done the work.
      if (!begun.has(host)) save({ host, begun: run });
    },
    hasBegun: (host) => begun.has(host),
    pushed(host, outcome) {
      told.set(host, outcome);
      // Who was interrupted is asked again.
      if (outcome.verdict === 'halted') return;
      const run = begun.get(host);
      // It says itself that it did nothing.
      const isNothing = run !== undefined && outcome.verdict === 'busy' && outcome.report?.run === run;
      save({ host, state: remember(outcome, run), ...(isNothing && { isNothing }) });
    },
    loseUnheard() {
      const unheard = waves.flatMap((wave) => wave.hosts).filter((host) => begun.has(host) && !hosts.has(host));
      for (const host of unheard)
        save({ host, state: remember({ ...notReached(host, '', null), message: unheardOf }, begun.get(host)) });
    },
    change: (host, change) => save({ host, state: { ...hosts.get(host)!, ...change } }),
    setWave: (name, change) => save({ wave: name, ...change }),
    set(change) {
      head = { ...head, ...change };
      store.write(whole());
    },
    outcomes: () => waves.flatMap((wave) => wave.hosts.map((host) => outcomeOf(host, wave.name))),
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
function unprovedRuns(state: RolloutState): Readonly<Record<string, string>> {
  const { phase, waves } = state;
  const { hosts, begun } = changing(state);
  const unheard = [...begun].filter(([host]) => !hosts.has(host));
  const isOver = phase === 'finished' || phase === 'halted';
  const open = isOver ? [] : waves.filter(({ isDone }) => !isDone).flatMap((wave) => wave.hosts);
  const unwatched = open.flatMap((host): [string, string][] => {
    const { run = null, isTakenBack = false } = hosts.get(host) ?? {};
    return run === null || isTakenBack ? [] : [[host, run]];
  });
  return Object.fromEntries([...unheard, ...unwatched]);
}

const isSameTags = (one: RolloutState, other: RolloutState): boolean => JSON.stringify(one.tags) === JSON.stringify(other.tags);
const isSame = (one: RolloutState, other: RolloutState): boolean => identity(one) === identity(other);
const identity = ({ commit, tags, waves }: RolloutState): string =>
  JSON.stringify([commit, tags, waves.map(({ name, hosts }) => [name, hosts])]);

const unheardOf = 'it had begun when the rollout was interrupted, and did not say how that ended';

const notReached = (host: string, wave: string, reason: string | null): HostOutcome => ({
  host,
  wave,
  verdict: 'halted',
  message: `not begun: ${reason ?? 'the rollout stopped before it'}`,
  attempts: 0,
  duration: 0,
});
