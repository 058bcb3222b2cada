import { runGit } from './commit-info.ts';

/** A commit, for people. */
export interface CommitNote {
  readonly id: string;
  readonly author: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly subject: string;
}

/** The commit that last changed a file. Null outside git, and for a file that has changes which are not committed. */
export async function lastCommit(root: string, file: string): Promise<CommitNote | null> {
  try {
    if ((await runGit(root, ['status', '--porcelain', '--', file])) !== '') return null;
    const log = await runGit(root, ['log', '-1', '--format=%H%x00%an%x00%at%x00%s', '--', file]);
    const [id = '', author = '', seconds, subject = ''] = log.trim().split('\0');
    return id === '' ? null : { id, author, time: new Date(Number(seconds) * 1_000).toISOString(), subject };
  } catch {
    return null;
  }
}
