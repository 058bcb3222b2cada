import type { Event } from './event.ts';
import type { Look } from './follower.ts';
import type { ExitName } from './exit-code.ts';
import type { Report, RunSummary } from './report.ts';
import type { Greeting, Order, VisitEvent } from './visit.ts';
import type { Confirmation } from './unconfirmed.ts';

/** Why the agent looks again. A trigger says only that something may have happened, never what. */
export type Trigger = 'start' | 'interval' | 'retry' | 'webhook' | 'watch' | 'signal' | 'control';

/** Somebody wants the agent to leave the host alone for a while. */
export interface Suspension {
  readonly reason: string;
  readonly by: string;
  /** ISO 8601; it ends by itself. */
  readonly until: string;
}

/** What the roles' health checks said of what stands on the host, when they were last asked. */
export interface AskedHealth {
  /** ISO 8601. */
  readonly at: string;
  readonly checks: number;
  /** What is wrong by the first one that does not hold. */
  readonly failure?: string;
  /** The names of all that do not hold, where one does not; hosts of earlier versions do not say it. */
  readonly failed?: readonly string[];
}

/** A plan that policy does not let through without a person's word. */
export interface Approval {
  readonly run: string;
  readonly reason: string;
  readonly planDigest: string;
  /** ISO 8601. */
  readonly expires: string;
  /** Somebody has let it through, and something else keeps it away: a suspension, a window. */
  readonly approved?: true;
}

/** The agent as people and machines see it, at `/api/v1/status`, in the control socket's answers and in `schemas/status.schema.json`. */
export interface AgentStatus {
  readonly schema: 'reconcile.status/1';
  readonly host: string;
  readonly version: string;
  /** Null where none runs. */
  readonly startedAt: string | null;
  /** `absent`: none runs; the rest is what it and the runs have left. */
  readonly phase: 'starting' | 'idle' | 'fetching' | 'running' | 'stopping' | 'absent';
  readonly revision: {
    /** Commit that was last verified on this host. */
    readonly applied: string | null;
    /** Newest commit that was seen at a remote. */
    readonly seen: string | null;
    readonly branch: string | null;
  };
  /** The last run that was not plainly converged, or the first one. A pass that could not be made has an empty `run`. */
  readonly last: {
    readonly run: string;
    readonly outcome: ExitName;
    readonly summary: string;
    readonly at: string;
    /** What to do about it. */
    readonly hint?: string;
  } | null;
  /** When the host was last proved to be as the repository says. ISO 8601. */
  readonly lastSuccess: string | null;
  /**
   * Asked after something was applied, when a bake time ends, and after each poll. Left out where nobody was asked since the last change;
   * but what failed stays when a run fails, or something is taken back, until it is asked again.
   */
  readonly health?: AskedHealth;
  readonly fetch: {
    readonly at: string;
    readonly ok: boolean;
    /** What it gave; hosts of earlier versions do not say it. */
    readonly state?: Look['state'];
    readonly remote: string | null;
    readonly message: string;
    /** What to do about it. */
    readonly hint?: string;
    /** Why remotes that come first gave nothing, where a later one did. */
    readonly passedOver?: string;
  } | null;
  readonly nextPass: string | null;
  /** A revision that failed and is tried again. */
  readonly retry: { readonly commit: string; readonly failures: number; readonly next: string } | null;
  /** The newest revision, where it was taken back here and is not tried again by itself. */
  readonly quarantine?: { readonly commit: string; readonly reason: string };
  /** An update of this program that did not confirm itself: the version before runs on. */
  readonly updateTakenBack?: { readonly version: string; readonly at: string };
  readonly suspended: Suspension | null;
  /** True while a maintenance window keeps changes away. */
  readonly windowClosed: boolean;
  /** Why a new revision is not applied yet: other waves of the rollout come first. */
  readonly waitsFor: string | null;
  readonly approval: Approval | null;
  /** A run that could have cut the host off, and that is taken back unless it is confirmed in time. */
  readonly unconfirmed: Confirmation | null;
  /** Resources that somebody else keeps changing; they are not healed for a while. */
  readonly contested: readonly string[];
  /** Why the agent gets no further, if so: the newest revision fails each time, or no pass can be made. */
  readonly stalled: string | null;
  /** Resources that differ and are only reported, from the last run. */
  readonly differing: number;
  /** Passes since the start, by what triggered them. */
  readonly passes: Readonly<Partial<Record<Trigger, number>>>;
  /** New revisions that a poll found although a webhook should have told of them. */
  readonly missedHooks: number;
}

/** The pass that could not be made, where that is the last one: the state cannot be used, or the disk is full. */
export const failedPass = ({ last }: Pick<AgentStatus, 'last'>): AgentStatus['last'] =>
  last?.outcome === 'error' && last.run === '' ? last : null;

/** What the agent tells those who listen. */
export type AgentEvent = Event | { readonly type: 'status'; readonly status: AgentStatus };

/** What came with an order. */
export interface Brought {
  /** Path of the git bundle; undefined where there is none. */
  readonly bundle: string | undefined;
  /** A directory for what a look at it makes. */
  readonly place: string;
}

/** What the ways in (HTTP, control socket, signals) may ask of a running agent. */
export interface AgentPort {
  status(): AgentStatus;
  /**
   * Look again. Answers at once, with the id of the run that will do it: the same id for everybody who asks before that run
   * begins. Ids of runs that find nothing are in no history.
   */
  trigger(cause: Trigger): { readonly run: string };
  /** Resolves when the run with this id has ended; undefined when it ended long ago or never was. */
  ended(run: string): Promise<Report | undefined>;
  suspend(suspension: Suspension): void;
  resume(): void;
  /** Lets the plan through that waits; false when no run of that id waits. */
  approve(run: string, by: string): boolean;
  /** What a run would do now; changes nothing. */
  check(): Promise<Report>;
  /** What an operator is told of this host. */
  greeting(): Greeting;
  /**
   * Takes a revision that an operator has sent. `tell` hears everything until the last word, `finished` or `declined`. `gone` ends
   * it as long as nothing was begun that changes the host.
   */
  receive(order: Order, brought: Brought, tell: (event: VisitEvent) => void, gone: AbortSignal): Promise<void>;
  /** Newest first. */
  summaries(limit: number): readonly RunSummary[];
  /** Newest first, without diffs. */
  briefs(limit: number): readonly Report[];
  report(run: string): Report | undefined;
  /** Calls `listener` with everything from now on; the answer ends it. */
  subscribe(listener: (event: AgentEvent) => void): () => void;
}
