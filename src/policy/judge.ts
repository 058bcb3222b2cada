import type { Problem } from '../model/problem.ts';
import { judgeApproval } from './approval.ts';
import { judgeBannedProviders } from './banned-providers.ts';
import { judgeBaseUrls } from './base-urls.ts';
import { judgeCommands } from './commands.ts';
import { judgeDestroyBudget } from './destroy-budget.ts';
import { judgeFetches } from './fetches.ts';
import type { JudgeInput } from './judge-input.ts';
import { judgeKinds } from './kinds.ts';
import { judgeModes } from './modes.ts';
import { judgePackages } from './packages.ts';
import { judgePortfolio } from './portfolio.ts';
import { judgeProtectedPaths } from './protected-paths.ts';
import { judgeUnits } from './units.ts';
import type { Verdict } from './verdict.ts';

export type { JudgeInput } from './judge-input.ts';

const rules: readonly ((input: JudgeInput) => readonly Problem[])[] = [
  judgeQuarantine,
  judgeKinds,
  judgeBannedProviders,
  judgeBaseUrls,
  judgePortfolio,
  judgeProtectedPaths,
  judgeModes,
  judgeCommands,
  judgeUnits,
  judgePackages,
  judgeFetches,
  judgeDestroyBudget,
  judgeApproval,
];

/**
 * Judges a whole plan before the first write, with every reason and not only the first. Both policies must allow it, so
 * that the narrower one wins and the repository can never widen what the host policy says.
 */
export function judge(input: JudgeInput): Verdict {
  return { problems: rules.flatMap((rule) => rule(input)) };
}

function judgeQuarantine({ quarantinedReason }: JudgeInput): readonly Problem[] {
  if (quarantinedReason === undefined) return [];
  const message = `this revision failed here and was rolled back: ${quarantinedReason}`;
  return [
    { code: 'quarantined', message, hint: 'push a revision that supersedes it, or try it again after `reconcile release`' },
  ];
}
