import { askGit, withoutFilters } from './local-git.ts';
import { sourceDirectories } from './tree-bounds.ts';

const status = ['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=dirty', '--'];

/**
 * Whether these files of a working tree, all of the configuration unless told, are not as its commit has them; what git ignores is no
 * change. Where git does not say, nothing is said of it. Nothing in a submodule is looked at: its own configuration could name programs.
 */
export function hasUncommitted(root: string, files: readonly string[] = sourceDirectories): boolean {
  try {
    return askGit(root, [...withoutFilters(root), ...status, ...files]) !== '';
  } catch {
    return false;
  }
}
