import { didYouMean } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import type { JudgeInput } from './judge-input.ts';

/** A rule for a kind that there is not is a rule for nothing. */
export function judgeKinds({ policy, policyAt, hostPolicy, kindNames }: JudgeInput): readonly Problem[] {
  const excepted = policy.protected_paths.flatMap((entry, index) =>
    typeof entry === 'string' ? [] : entry.except.map((kind, at) => ({ kind, path: ['protected_paths', index, 'except', at] })),
  );
  const approved = policy.approval.addresses.map((address, index) => ({
    kind: kindOf(address),
    path: ['approval', 'addresses', index],
  }));
  const ofHost = hostPolicy.agent.approval.addresses.map((address) => ({ kind: kindOf(address), path: undefined }));
  const unknown = [...excepted, ...approved, ...ofHost].filter(({ kind }) => kind !== '*' && !kindNames.includes(kind));
  return unknown.map(({ kind, path }): Problem => {
    const at = path && policyAt?.(path);
    const message = `no kind "${kind}"${path ? '' : ', which agent.approval.addresses of the host policy has'}`;
    const hint = didYouMean(kind, kindNames) ?? `known kinds: ${kindNames.join(', ')}`;
    return { code: 'unknown-kind', message, ...(at && { at }), hint };
  });
}

const kindOf = (address: string): string => address.slice(0, address.indexOf('['));
