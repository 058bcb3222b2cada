import * as z from 'zod';

/** A branch that has a new tip, according to a forge. It only says that looking may pay: what is applied, git says. */
export interface Push {
  readonly repository: string;
  readonly branch: string;
  /** Commit id. */
  readonly after: string;
}

const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);

/** What all forges have in common; everything else in the payload is left alone. */
const payload = z.object({
  ref: z.string().min(1).max(1024),
  after: commit,
  repository: z.object({ full_name: z.string().min(1).max(512) }),
});

/** The push of a payload; undefined for one that leaves nothing to look at: a tag, or a branch that was deleted. Throws for anything else. */
export function readPush(body: Buffer): Push | undefined {
  const { ref, after, repository } = payload.parse(JSON.parse(body.toString('utf8')));
  const branch = /^refs\/heads\/(.+)$/s.exec(ref)?.[1];
  if (branch === undefined || /^0+$/.test(after)) return undefined;
  return { repository: repository.full_name, branch, after };
}
