import type { AgentStatus, Approval, Suspension } from './agent.ts';
import type { ExitName } from './exit-code.ts';

/** A day of a host, for people who were asleep. Times are ISO 8601. */
export interface Digest {
  readonly schema: 'reconcile.digest/1';
  readonly host: string;
  readonly since: string;
  readonly until: string;
  /** Runs that found something to do or failed; those that found nothing are not recorded. */
  readonly runs: { readonly total: number; readonly failed: number };
  readonly changes: readonly {
    readonly run: string;
    readonly at: string;
    readonly commit: string | null;
    readonly addresses: readonly string[];
  }[];
  readonly failures: readonly {
    readonly run: string;
    readonly at: string;
    readonly outcome: ExitName;
    readonly reason: string;
  }[];
  /** Runs that a person took back, and no run has converged since. Their revisions are not applied again by themselves. */
  readonly takenBack: readonly { readonly run: string; readonly at: string; readonly summary: string }[];
  readonly drift: {
    /** What was put back, and how often. */
    readonly healed: readonly { readonly address: string; readonly times: number }[];
    /** What differs and is left as it is, as of the last run that looked. */
    readonly left: readonly string[];
  };
  /** How it stands at the end; null where no agent was asked. */
  readonly now: {
    readonly applied: string | null;
    readonly seen: string | null;
    readonly branch: string | null;
    readonly lastSuccess: string | null;
    readonly approval: Approval | null;
    readonly suspended: Suspension | null;
    readonly contested: readonly string[];
    readonly stalled: string | null;
    /** The newest revision, where it is. */
    readonly quarantine: { readonly commit: string; readonly reason: string } | null;
    /** The last run, where it failed and is not among the failures of the day. */
    readonly failed: { readonly run: string; readonly outcome: ExitName; readonly summary: string } | null;
    /** Resources that differ and are only reported. */
    readonly differing: number;
    readonly updateTakenBack: NonNullable<AgentStatus['updateTakenBack']> | null;
    /** Which health check failed when they were last asked; null where none did. */
    readonly health: string | null;
    /** Why fetching fails; null when it works. */
    readonly fetch: string | null;
  } | null;
}
