import type { AgentStatus } from './agent.ts';

interface Refused {
  readonly commit: string;
  readonly why: string;
  /** What to do about it. */
  readonly hint: string | undefined;
}

/**
 * The newest commit of the remote, when a remote gave it and it must not be applied: its history, its signature, its content.
 * Undefined for a remote that is only away, or behind.
 */
export function refusedRevision({ fetch, revision }: AgentStatus): Refused | undefined {
  const isRefused = fetch?.state === 'refused' && fetch.remote !== null && revision.seen !== null;
  return isRefused ? { commit: revision.seen, why: fetch.message, hint: fetch.hint } : undefined;
}
