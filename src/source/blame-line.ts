import { strictGit } from './commit-info.ts';

/** The commit that last changed a line of the working tree. */
export interface LineCommit {
  readonly id: string;
  readonly author: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly subject: string;
}

/** Null outside git, for a file that git does not know, and for a line that is not committed. */
export async function blameLine(root: string, file: string, line: number): Promise<LineCommit | null> {
  let porcelain;
  try {
    porcelain = await strictGit(root).raw(['blame', '--porcelain', '-L', `${line},${line}`, '--', file]);
  } catch {
    return null;
  }
  const id = porcelain.slice(0, porcelain.indexOf(' '));
  if (!/^[0-9a-f]{40,64}$/.test(id) || /^0+$/.test(id)) return null;
  const field = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(porcelain)?.[1] ?? '';
  const time = new Date(Number(field('author-time')) * 1_000).toISOString();
  return { id, author: field('author'), time, subject: field('summary') };
}
