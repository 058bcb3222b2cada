import type { Finding, HostVerdict } from '../../model/fleet.ts';

export interface FirstRun {
  /** A visit of the host with the operator's revision. */
  visit(action: 'check' | 'converge'): Promise<Finding>;
  /** Digest of the plan that a person has seen and wants; `any` goes without looking; undefined: nothing is changed. */
  readonly approved: string | undefined;
}

/** What a check says that has found something to change. */
export const findsChanges: readonly HostVerdict[] = ['upstreamPending', 'driftOnly', 'conflict'];

/**
 * Looks first, and changes only what may be changed. The host is as the repository says when the answer is `converged`. The plan that was
 * approved is compared here and not by the host, which adds nothing to one that it is given: what the packages of a bare machine bring
 * has to be changed back in the same run (ADR 0083).
 */
export async function runFirst({ visit, approved }: FirstRun, tell: (message: string) => void): Promise<Finding> {
  tell('looks what the first run would change');
  const check = await visit('check');
  const notStarted = (finding: Finding, why = ''): Finding => ({
    ...finding,
    message: `${finding.message}${why}; the agent was not started`,
  });
  const hasChanges = findsChanges.includes(check.verdict);
  if (!hasChanges && check.verdict !== 'converged') return notStarted(check);
  const isSeen = approved !== undefined && approved === check.report?.planDigest;
  if (hasChanges && !isSeen && approved !== 'any') {
    const why = approved === undefined ? '; not applied' : '; not applied, because it is not the plan that was shown';
    return { ...notStarted(check, why), hint: 'call it again and say yes, or give --yes' };
  }
  tell('applies the revision');
  const applied = await visit('converge');
  return applied.verdict === 'converged' ? applied : notStarted(applied);
}
