import type { AgentStatus } from '../model/agent.ts';
import type { Memory } from '../model/reporter.ts';
import { backoff, longestBackoff } from './backoff.ts';

/** What became of one revision on this host. */
interface Attempt {
  readonly commit: string;
  /**
   * `failed`: tried again by itself. `refused`: nothing was written; looked at again with every poll, for what it is refused for may
   * have changed, and when a maintenance window is open. `quarantined`: taken back, and not tried again until it is superseded or released.
   */
  readonly outcome: 'applied' | 'failed' | 'refused' | 'quarantined';
  readonly failures: number;
  /** Milliseconds since 1970; 0 when it is not tried again by itself. */
  readonly next: number;
  readonly reason: string;
}

/** How many failures in a row make the agent stop trying faster than it polls. */
const mostFailures = 8;
const kept = 20;

/** The outcome of every revision that was tried lately, on disk. */
export interface Attempts {
  of(commit: string): Attempt | undefined;
  /** Whether it is to be tried at `now`. `isPoll`: not only something on the host has moved. */
  isDue(commit: string, now: number, isPoll: boolean): boolean;
  applied(commit: string): void;
  failed(commit: string, reason: string, now: number): void;
  /** `opensAt`: milliseconds since 1970 when what it is refused for is over by itself. */
  refused(commit: string, reason: string, opensAt?: number): void;
  quarantined(commit: string, reason: string): void;
  /** It is not what is to be enforced any more: no status tells that it is tried again. */
  supersede(commit: string): void;
  /** `reconcile release` lets quarantined revisions be tried again. */
  releaseAll(): void;
  /** Milliseconds since 1970 when it is tried again faster than by a poll. */
  retryOf(commit: string): number | undefined;
  /** The newest revision that is tried again by itself. */
  retrying(): AgentStatus['retry'];
  /**
   * What a status tells of them, from one look: the newest one as it is tried again, and why nothing is repeated any more if it fails each
   * time; and `seen`, the newest that the remote has, where it is in quarantine.
   */
  told(seen: string | null): Pick<AgentStatus, 'retry' | 'stalled' | 'quarantine'>;
}

export function openAttempts(memory: Memory): Attempts {
  const all = (): readonly Attempt[] => (memory.get('attempts') ?? []) as readonly Attempt[];
  const of = (commit: string): Attempt | undefined => all().find((attempt) => attempt.commit === commit);
  const put = (attempt: Attempt): void => {
    const before = of(attempt.commit);
    if (JSON.stringify(before) !== JSON.stringify(attempt))
      memory.set('attempts', [attempt, ...all().filter(({ commit }) => commit !== attempt.commit)].slice(0, kept));
  };
  return {
    of,
    isDue(commit, now, isPoll) {
      const { outcome = 'applied', next = 0 } = of(commit) ?? {};
      // Further away than any wait is what a clock has written down that was ahead.
      const isTime = next <= now || next > now + longestBackoff;
      return outcome === 'applied' || (outcome === 'refused' && isPoll) || (outcome === 'failed' && isTime);
    },
    applied: (commit) => put({ commit, outcome: 'applied', failures: 0, next: 0, reason: '' }),
    failed(commit, reason, now) {
      const before = of(commit);
      const failures = (before?.outcome === 'failed' ? before.failures : 0) + 1;
      put({ commit, outcome: 'failed', failures, next: Math.round(now + backoff(failures, Math.random())), reason });
    },
    refused: (commit, reason, opensAt = 0) => put({ commit, outcome: 'refused', failures: 0, next: opensAt, reason }),
    quarantined: (commit, reason) => put({ commit, outcome: 'quarantined', failures: 1, next: 0, reason }),
    supersede(commit) {
      const attempt = of(commit);
      if (attempt) memory.set('attempts', [...all().filter((each) => each.commit !== commit), attempt]);
    },
    releaseAll() {
      const left = all().filter(({ outcome }) => outcome !== 'quarantined');
      if (left.length < all().length) memory.set('attempts', left);
    },
    retryOf(commit) {
      const { outcome, failures = 0, next } = of(commit) ?? {};
      const isComing = outcome === 'refused' && next !== 0;
      return isComing || (outcome === 'failed' && failures < mostFailures) ? next : undefined;
    },
    retrying: () => asRetry(all()[0]),
    told(seen) {
      const attempts = all();
      const [newest] = attempts;
      const taken = attempts.find(({ commit, outcome }) => commit === seen && outcome === 'quarantined');
      const isStalled = newest?.outcome === 'failed' && newest.failures >= mostFailures;
      return {
        retry: asRetry(newest),
        stalled: isStalled ? `${newest.commit.slice(0, 12)} failed ${newest.failures} times in a row: ${newest.reason}` : null,
        ...(taken && { quarantine: { commit: taken.commit, reason: taken.reason } }),
      };
    },
  };
}

const asRetry = (newest: Attempt | undefined): AgentStatus['retry'] =>
  newest?.outcome === 'failed'
    ? { commit: newest.commit, failures: newest.failures, next: new Date(newest.next).toISOString() }
    : null;
