import { execFileSync } from 'node:child_process';
import type { CommitInfo, Revision } from '../model/revision.ts';

/** Milliseconds. */
const timeout = 10_000;
const outsideGit: CommitInfo = { id: 'working-tree', short: 'worktree', author: '', time: '' };

/** Author and time of the commit of a revision. Outside git, and before the first commit, empty. Git is asked when they are. */
export function readCommitInfo({ root, commit, commitInfo }: Revision): CommitInfo {
  if (commitInfo) return commitInfo;
  if (commit === null) return outsideGit;
  let asked: readonly string[] | undefined;
  // Not by simple-git: a template that names them cannot wait.
  const ask = (): readonly string[] => {
    const settings = settingsFor(root).flatMap((setting) => ['-c', setting]);
    const argv = [...settings, 'log', '-1', '--format=%an%x00%aI', commit];
    try {
      const options = { cwd: root, encoding: 'utf8', timeout, stdio: 'pipe' } as const;
      return execFileSync('git', argv, options).trim().split('\0');
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

/** Runs git for its output. simple-git resolves a failed command as success when it wrote nothing to stderr; this rejects for every non-zero exit. */
export async function runGit(directory: string, args: readonly string[]): Promise<string> {
  // Loaded when there is something to ask git about.
  const { simpleGit } = await import('simple-git');
  const git = simpleGit({
    baseDir: directory,
    config: [...settingsFor(directory)],
    unsafe: { allowUnsafeHooksPath: true, allowUnsafeFsMonitor: true },
    timeout: { block: timeout },
    errors: (error, { exitCode, stdErr }) =>
      error ?? (exitCode === 0 ? undefined : Buffer.concat([...stdErr, Buffer.from(`exit ${exitCode}`)])),
  });
  return git.raw([...args]);
}

/** Nothing of a repository is run. */
const settingsFor = (directory: string): readonly string[] => [
  `safe.directory=${directory}`,
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
];
