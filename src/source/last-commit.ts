import type { CommitNote, Revision } from '../model/revision.ts';
import { runGit } from './local-git.ts';

/** The commit that last changed a file. Null outside git, where the mirror is gone, and for a file that has changes which are not committed. */
export async function lastCommit(revision: Revision, file: string): Promise<CommitNote | null> {
  try {
    const { root, workingTree } = revision;
    if (workingTree && (await runGit(root, ['status', '--porcelain', '--', file])) !== '') return null;
    const log = await runGit(root, ['log', '-1', '--format=%H%x00%an%x00%at%x00%s', ...commitOf(revision), '--', file]);
    const [id = '', author = '', seconds, subject = ''] = log.trim().split('\0');
    return id === '' ? null : { id, author, time: new Date(Number(seconds) * 1_000).toISOString(), subject };
  } catch {
    return null;
  }
}

/** Where the history begins that is asked about: a working tree includes what is not committed, a mirror has many branches. */
export const commitOf = ({ workingTree, commit }: Revision): readonly string[] =>
  workingTree || commit === null ? [] : [commit];
