import { didYouMean } from '../model/nearest.ts';
import type { Problem } from '../model/problem.ts';
import type { JudgeInput } from './judge-input.ts';

/** A rule for a kind that there is not is a rule for nothing. */
export function judgeKinds({ policy, policyAt, kindNames }: JudgeInput): readonly Problem[] {
  const excepted = policy.protected_paths.flatMap((entry, index) =>
    typeof entry === 'string' ? [] : entry.except.map((kind, at) => ({ kind, path: ['protected_paths', index, 'except', at] })),
  );
  const approved = policy.approval.addresses.map((address, index) => ({
    kind: address.slice(0, address.indexOf('[')),
    path: ['approval', 'addresses', index],
  }));
  const unknown = [...excepted, ...approved].filter(({ kind }) => kind !== '*' && !kindNames.includes(kind));
  return unknown.map(({ kind, path }): Problem => {
    const at = policyAt?.(path);
    const hint = didYouMean(kind, kindNames) ?? `known kinds: ${kindNames.join(', ')}`;
    return { code: 'unknown-kind', message: `no kind "${kind}"`, ...(at && { at }), hint };
  });
}
