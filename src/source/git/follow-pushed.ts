import type { Follower } from '../../model/follower.ts';
import type { Memory } from '../../model/reporter.ts';
import { openKept } from './follow.ts';
import { readTrust } from './trust-memory.ts';

interface Kept {
  /** State directory of the host. */
  readonly directory: string;
  readonly memory: Memory;
}

/** For a host without a remote: the revision that was pushed to it and applied last is the one to keep up. */
export function followPushed({ directory, memory }: Kept): Follower {
  const kept = openKept({ directory, memory });
  return {
    ...kept,
    // What was accepted once is followed again when what came after it is taken back.
    isOvertaken: (commit) => kept.lastGood()?.head().commit !== commit,
    look: () => {
      const trust = readTrust(memory, directory);
      const source = kept.lastGood();
      const { commit, branch } = source?.head() ?? { commit: null, branch: null };
      const found = { source, commit, branch, seen: commit, remote: null };
      if ('code' in trust) return Promise.resolve({ ...found, state: 'refused', problem: trust });
      if (source) return Promise.resolve({ ...found, state: 'fetched' });
      const message =
        trust.applied === null
          ? 'it waits for the first `reconcile fleet push`'
          : `what was kept of ${trust.applied.commit} is gone or damaged: push it again`;
      return Promise.resolve({ ...found, state: 'fetched', problem: { code: 'not-pushed', message } });
    },
  };
}
