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

/**
 * Somebody who is told: a forge, a chat, a command. It decides by itself what is worth telling and remembers what it told.
 * `tell` resolves within its own time limit and never rejects: what cannot be delivered is kept, bounded, and tried again
 * with the next news. The answer names what went wrong, for the log.
 */
export interface Reporter {
  readonly name: string;
  tell(news: News, signal: AbortSignal): Promise<{ readonly problem?: string }>;
}

/** A durable place for small values of one reporter; values are JSON. */
export interface Memory {
  get(name: string): unknown;
  /** `undefined` removes it. */
  set(name: string, value: unknown): void;
}
