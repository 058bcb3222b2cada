import type { AgentStatus } from '../model/agent.ts';

/**
 * The newest commit of the remote, when a remote gave it and it must not be applied: its history, its signature, its content.
 * Undefined for a remote that is only away.
 */
export function refusedRevision({ fetch, revision }: AgentStatus): { readonly commit: string; readonly why: string } | undefined {
  const isRefused = fetch !== null && !fetch.ok && fetch.remote !== null && revision.seen !== null;
  return isRefused ? { commit: revision.seen, why: fetch.message } : undefined;
}
