import type { CommitInfo, Revision } from '../model/revision.ts';
import { askGit } from './local-git.ts';

const outsideGit: CommitInfo = { id: 'working-tree', short: 'worktree', author: '', time: '' };

/** Author and time of the commit of a revision. Outside git, and before the first commit, empty. Git is asked when they are. */
export function readCommitInfo({ root, commit, commitInfo }: Revision): CommitInfo {
  if (commitInfo) return commitInfo;
  if (commit === null) return outsideGit;
  let asked: readonly string[] | undefined;
  const ask = (): readonly string[] => {
    try {
      return askGit(root, ['log', '-1', '--format=%an%x00%aI', commit]).trim().split('\0');
    } catch (error) {
      throw new Error(`git does not say who made ${commit.slice(0, 12)}, and when: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  return {
    id: commit,
    short: commit.slice(0, 12),
    get author() {
      return (asked ??= ask())[0] ?? '';
    },
    get time() {
      return (asked ??= ask())[1] ?? '';
    },
  };
}
