import { runGit } from './commit-info.ts';
import { sourceDirectories } from './tree-bounds.ts';

/**
 * Whether files of the configuration in a working tree are not as its commit has them; what git ignores is no change. Where git does
 * not say, nothing is said of it. Nothing in a submodule is looked at: its own configuration could name programs.
 */
export async function hasUncommitted(root: string): Promise<boolean> {
  const options = ['--porcelain', '--untracked-files=normal', '--ignore-submodules=dirty'];
  try {
    return (await runGit(root, ['status', ...options, '--', ...sourceDirectories])) !== '';
  } catch {
    return false;
  }
}
