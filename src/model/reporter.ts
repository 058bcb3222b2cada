import type { AgentStatus } from './agent.ts';
import type { Report } from './report.ts';

/** What happened, as far as somebody outside of the host may want to know. */
export type News =
  /** A run is about to change the host. */
  | { readonly type: 'applying'; readonly run: string; readonly commit: string | null; readonly status: AgentStatus }
  /** A run has ended; `status` is already the one after it. */
  | { readonly type: 'ended'; readonly report: Report; readonly status: AgentStatus }
  /** Something beside runs: fetching failed or works again, suspended, resumed, contested, stalled, waiting for approval. */
  | { readonly type: 'status'; readonly status: AgentStatus };

/** What tells somebody: a forge, chats. It decides by itself what is worth telling and remembers what it told. */
export interface Reporter {
  readonly name: string;
  /**
   * Keeps what is now to be told, bounded, and over a restart from when this returns. Throws when that cannot be; then nothing is to
   * be sent.
   */
  note(news: News): void;
  readonly recipients: readonly Recipient[];
}

/** One who is told in its own time. */
export interface Recipient {
  /**
   * Sends what is kept for it. Asked only when the call before has ended. Resolves within its own time limit, and soon after `signal`
   * ends; never rejects: what cannot be delivered stays kept and is tried again after a while, or with the next news or start.
   */
  deliver(signal: AbortSignal): Promise<Delivered>;
}

export interface Delivered {
  /** What went wrong, for the log. */
  readonly problem?: string;
  /** When what is kept may be sent, where that is not yet. Milliseconds since 1970. */
  readonly dueAt?: number;
}

/** A durable place for small values of one reporter; values are JSON. */
export interface Memory {
  get(name: string): unknown;
  /** `undefined` removes it. */
  set(name: string, value: unknown): void;
}
