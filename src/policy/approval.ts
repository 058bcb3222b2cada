import { compileGlob } from '../model/glob.ts';
import { listed } from '../model/listed.ts';
import { isDone, type Step } from '../model/plan.ts';
import type { Problem, SourcePosition } from '../model/problem.ts';
import type { JudgeInput } from './judge-input.ts';

/** Plans that one of the policies calls risky wait for a person where nobody looks on: git cannot let go of what the host asks for. */
export function judgeApproval({ plan, policy, policyAt, hostPolicy, unattended }: JudgeInput): readonly Problem[] {
  const ofHost = hostPolicy.agent.approval;
  const maxChanges = Math.min(policy.approval.max_changes ?? Infinity, ofHost.max_changes ?? Infinity);
  const problems: Problem[] = [];
  const matcherOf = (pattern: string, of: string, at: SourcePosition | undefined): ((step: Step) => boolean) => {
    const [, kind = '*', glob = ''] = /^(\w+|\*)\[(.+)\]$/.exec(pattern) ?? [];
    // Whoever writes `cron[*]` means every job, though there are slashes in their names.
    const compiled = compileGlob(glob === '*' ? '**' : glob);
    const refuse = (fault: string, hint?: string): void => {
      const message = `approval.addresses${of} has the glob ${JSON.stringify(glob.slice(0, 80))}, which ${fault}`;
      problems.push({ code: 'wrong-type', message, ...(at && { at }), ...(hint !== undefined && { hint }) });
    };
    if ('fault' in compiled) {
      refuse(compiled.fault);
      return () => true;
    }
    const { matches } = compiled;
    const isOf = ({ resource }: Step): boolean => kind === '*' || kind === resource.kind;
    const meant = kind === '*' || glob.startsWith('/') ? compiled : compileGlob(`/${glob}`);
    const isMeant = ({ resource: { id } }: Step): boolean => 'matches' in meant && meant.matches(id) && !matches(id);
    if (plan.steps.some((step) => isOf(step) && isMeant(step)))
      refuse('names no absolute path', `did you mean "${kind}[/${glob.slice(0, 80)}]"?`);
    return (step) => isOf(step) && matches(step.resource.id);
  };
  const matchers = [
    ...policy.approval.addresses.map((pattern, index) => matcherOf(pattern, '', policyAt?.(['approval', 'addresses', index]))),
    ...ofHost.addresses.map((pattern) => matcherOf(pattern, ' of the host policy', undefined)),
  ];
  if (!unattended || unattended.isApproved) return problems;
  const done = plan.steps.filter(isDone);
  const risky = done.filter((step) => matchers.some((matches) => matches(step))).map(({ address }) => address);
  const reasons = [
    ...(risky.length > 0 ? [`${listed(risky, 1)} would change`] : []),
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
