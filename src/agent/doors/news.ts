import * as z from 'zod';

/** What a forge tells that a look may pay for. Nothing else is taken from it: what is applied, git says. */
export interface News {
  /** In a pull request the agent says what it would do here. */
  readonly event: 'push' | 'pull_request';
  readonly repository: string;
  /** The one that was pushed to, or that the pull request is to go into; for a tag its name. */
  readonly branch: string;
  /** Commit id: the new tip, of the branch or of the pull request. */
  readonly tip: string;
}

const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
const name = z.string().min(1).max(1024);
const repository = z.object({ full_name: z.string().min(1).max(512) });

// What all forges have in common; everything else in the payloads is left alone.
const push = z.object({ ref: name, after: commit, repository });
const pull = z.object({
  action: z.string(),
  pull_request: z.object({ base: z.object({ ref: name }), head: z.object({ sha: commit }) }),
  repository,
});
/** After which there is another plan to tell; GitHub's own word for the second is without its last letter. */
const planned = new Set(['opened', 'synchronized', 'synchronize', 'reopened']);

/**
 * Undefined for what leaves nothing to look at: a branch or tag that was deleted, a pull request that was closed or talked about.
 * Throws for a payload that is not of this event.
 */
export function readNews(event: News['event'], body: Buffer): News | undefined {
  const payload: unknown = JSON.parse(body.toString('utf8'));
  return event === 'push' ? readPush(payload) : readPull(payload);
}

function readPush(payload: unknown): News | undefined {
  const { ref, after, repository: of } = push.parse(payload);
  const branch = /^refs\/(?:heads|tags)\/(.+)$/s.exec(ref)?.[1];
  if (branch === undefined || /^0+$/.test(after)) return undefined;
  return { event: 'push', repository: of.full_name, branch, tip: after };
}

function readPull(payload: unknown): News | undefined {
  const { action, pull_request: asked, repository: of } = pull.parse(payload);
  if (!planned.has(action)) return undefined;
  return { event: 'pull_request', repository: of.full_name, branch: asked.base.ref, tip: asked.head.sha };
}
