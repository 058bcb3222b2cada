import { compileGlob } from '../model/glob.ts';
import { isDone, type Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { JudgeInput } from './judge-input.ts';

/** Plans that the repository's policy calls risky wait for a person where nobody looks on. */
export function judgeApproval({ plan, policy, policyAt, unattended }: JudgeInput): readonly Problem[] {
  const { addresses, max_changes: maxChanges = Infinity } = policy.approval;
  const problems: Problem[] = [];
  const matchers = addresses.map((pattern, index) => {
    const [, kind = '*', glob = ''] = /^(\w+|\*)\[(.+)\]$/.exec(pattern) ?? [];
    const compiled = compileGlob(glob);
    if ('matches' in compiled)
      return ({ resource }: Step) => (kind === '*' || kind === resource.kind) && compiled.matches(resource.id);
    const at = policyAt?.(['approval', 'addresses', index]);
    const message = `approval.addresses has the glob ${JSON.stringify(glob.slice(0, 80))}, which ${compiled.fault}`;
    problems.push({ code: 'wrong-type', message, ...(at && { at }) });
    return () => true;
  });
  if (!unattended || unattended.isApproved) return problems;
  const done = plan.steps.filter(isDone);
  const [risky, ...more] = done.filter((step) => matchers.some((matches) => matches(step)));
  const reasons = [
    ...(risky ? [`${risky.address}${more.length > 0 ? ` and ${more.length} more` : ''} would change`] : []),
    ...(done.length > maxChanges ? [`the plan has ${done.length} changes, more than ${maxChanges}`] : []),
  ];
  const hint = 'look at it with `reconcile --check`, then `reconcile approve RUN`';
  const waiting = reasons.map((reason): Problem => ({
    code: 'needs-approval',
    message: `a person has to approve: ${reason}`,
    hint,
  }));
  return [...problems, ...waiting];
}
