import type { Problem } from '../model/problem.ts';
import { judge, type JudgeInput } from '../policy/judge.ts';
import { judgeWindows } from '../policy/windows.ts';

/** What is wrong with the policies themselves: it refuses every run, whatever the plan has. */
export function judgePolicies(policies: Pick<JudgeInput, 'policy' | 'policyAt' | 'hostPolicy'>): readonly Problem[] {
  const none = (): readonly [] => [];
  const input: JudgeInput = {
    ...policies,
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
  };
  return [...judge(input).problems, ...judgeWindows(input).problems];
}
