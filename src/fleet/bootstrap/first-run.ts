import type { Finding, HostVerdict } from '../../model/fleet.ts';

export interface FirstRun {
  /** A visit of the host with the operator's revision; with a digest it converges only by that plan. */
  visit(action: 'check' | 'converge', planDigest?: string): Promise<Finding>;
  /** Digest of the plan that a person has seen and wants; `any` goes without looking; undefined: nothing is changed. */
  readonly approved: string | undefined;
}

/** What a check says that has found something to change. */
export const findsChanges: readonly HostVerdict[] = ['upstreamPending', 'driftOnly', 'conflict'];

/** Looks first, and changes only what may be changed. The host is as the repository says when the answer is `converged`. */
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
  const applied = await (hasChanges && isSeen ? visit('converge', approved) : visit('converge'));
  return applied.verdict === 'converged' ? applied : notStarted(applied);
}
