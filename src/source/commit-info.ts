import type { CommitInfo, Revision } from '../model/revision.ts';

const outsideGit: CommitInfo = { id: 'working-tree', short: 'worktree', author: '', time: '' };

/** Author and time of the commit of a revision. Outside git, and before the first commit, empty. */
export async function readCommitInfo({ root, commit, commitInfo }: Revision): Promise<CommitInfo> {
  if (commitInfo) return commitInfo;
  if (commit === null) return outsideGit;
  const log = await runGit(root, ['log', '-1', '--format=%an%x00%aI', commit]);
  const [author = '', time = ''] = log.trim().split('\0');
  return { id: commit, short: commit.slice(0, 12), author, time };
}

/** Runs git for its output. simple-git resolves a failed command as success when it wrote nothing to stderr; this rejects for every non-zero exit. */
export async function runGit(directory: string, args: readonly string[]): Promise<string> {
  // Loaded when there is something to ask git about.
  const { simpleGit } = await import('simple-git');
  const git = simpleGit({
    baseDir: directory,
    config: [`safe.directory=${directory}`, 'core.hooksPath=/dev/null', 'core.fsmonitor=false'],
    unsafe: { allowUnsafeHooksPath: true, allowUnsafeFsMonitor: true },
    timeout: { block: 10_000 },
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from(`exit ${exitCode}`)])),
  });
  return git.raw([...args]);
}
