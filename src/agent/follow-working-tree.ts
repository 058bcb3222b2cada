import type { Follower } from '../model/follower.ts';
import { workingTree } from '../source/working-tree.ts';

/** A directory as the place where revisions come from: what stands in it is the newest, and the only one. */
export function followWorkingTree(path: string): Follower {
  const source = workingTree(path);
  return {
    look: () => {
      const { commit, branch } = source.head();
      // Uncommitted changes have no name of their own, so that no commit is blamed for them.
      return Promise.resolve({ state: 'fetched', source, commit: null, branch, seen: commit, remote: path });
    },
    accept: () => Promise.resolve(),
    isOvertaken: () => false,
    forsake: () => undefined,
    lastGood: () => undefined,
  };
}
