import { execFile } from 'node:child_process';
import { gitCall, withoutFilters } from './local-git.ts';
import { sourceDirectories } from './tree-bounds.ts';

const status = ['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=dirty', '--', ...sourceDirectories];

/**
 * Whether files of the configuration in a working tree are not as its commit has them; what git ignores is no change. Where git does
 * not say, nothing is said of it. Nothing in a submodule is looked at: its own configuration could name programs.
 */
export async function hasUncommitted(root: string): Promise<boolean> {
  try {
    const { argv, options } = gitCall(root, [...withoutFilters(root), ...status]);
    return await new Promise((resolve) => {
      execFile('git', argv, options, (error, stdout) => resolve(error === null && stdout !== ''));
    });
  } catch {
    return false;
  }
}
