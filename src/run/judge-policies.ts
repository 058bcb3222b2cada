import { interpreted } from '../model/check-value.ts';
import { policyDocument } from '../model/document.ts';
import { hostPolicyDocument } from '../model/host-policy-document.ts';
import type { Problem } from '../model/problem.ts';
import { judge, type JudgeInput } from '../policy/judge.ts';
import { judgeWindows } from '../policy/windows.ts';
import { kindNames } from '../resources/registry.ts';

/** What is wrong with the policies themselves: it refuses every run, whatever the plan has. One that is not given says nothing. */
export function judgePolicies({
  policy = policyDocument.parse({}, interpreted),
  policyAt,
  hostPolicy = hostPolicyDocument.parse({}, interpreted),
}: Partial<Pick<JudgeInput, 'policy' | 'policyAt' | 'hostPolicy'>>): readonly Problem[] {
  const none = (): readonly [] => [];
  const input: JudgeInput = {
    policy,
    policyAt,
    hostPolicy,
    kindNames,
    plan: { host: '', steps: [], batches: [], owed: [], digest: '' },
    chains: [],
    texts: none,
    urls: none,
    catalogSize: 0,
    ledgerSize: 0,
    stateDirectory: '/',
    commandsOf: none,
    packagesOf: none,
    unitsOf: none,
    contactsOf: none,
    pathsOf: none,
    writesOf: none,
    modesOf: none,
  };
  return [...judge(input).problems, ...judgeWindows(input).problems];
}
