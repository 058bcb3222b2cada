import { simpleGit } from 'simple-git';
import type { Revision } from '../model/revision.ts';

/** What templates see as `revision`. */
export interface CommitInfo {
  readonly id: string;
  readonly short: string;
  readonly author: string;
  /** ISO 8601. */
  readonly time: string;
}

const outsideGit: CommitInfo = { id: 'working-tree', short: 'worktree', author: '', time: '' };

/** Author and time of the commit that the working tree stands on. Outside git, and before the first commit, empty. */
export async function readCommitInfo({ root, commit }: Revision): Promise<CommitInfo> {
  if (commit === null) return outsideGit;
  const log = await strictGit(root).raw(['log', '-1', '--format=%an%x00%aI', commit]);
  const [author = '', time = ''] = log.trim().split('\0');
  return { id: commit, short: commit.slice(0, 12), author, time };
}

/** simple-git resolves a failed command as success when it wrote nothing to stderr; this one fails on every non-zero exit. */
export const strictGit = (directory: string) =>
  simpleGit({
    baseDir: directory,
    config: [`safe.directory=${directory}`, 'core.hooksPath=/dev/null', 'core.fsmonitor=false'],
    unsafe: { allowUnsafeHooksPath: true, allowUnsafeFsMonitor: true },
    timeout: { block: 10_000 },
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from(`exit ${exitCode}`)])),
  });
