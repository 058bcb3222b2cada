import { runGit } from './local-git.ts';
import { commitOf } from './last-commit.ts';
import type { CommitNote, Revision } from '../model/revision.ts';

/** The commit that last changed a line of a revision. Null outside git, where the mirror is gone, for a file that git does not know, for a line that is not committed, and for a time that is none. */
export async function blameLine(revision: Revision, file: string, line: number): Promise<CommitNote | null> {
  const range = ['-L', `${line},${line}`, ...commitOf(revision), '--', file];
  try {
    const porcelain = await runGit(revision.root, ['blame', '--no-textconv', '--porcelain', ...range]);
    const id = porcelain.slice(0, porcelain.indexOf(' '));
    if (!/^[0-9a-f]{40,64}$/.test(id) || /^0+$/.test(id)) return null;
    const field = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(porcelain)?.[1] ?? '';
    const time = new Date(Number(field('author-time')) * 1_000).toISOString();
    return { id, author: field('author'), time, subject: field('summary') };
  } catch {
    return null;
  }
}
