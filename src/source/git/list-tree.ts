import type { Problem } from '../../model/problem.ts';
import { sourceDirectories, treeBounds } from '../tree-bounds.ts';
import { runGit, type GitCall } from './run-git.ts';

/** A file of a commit that can be configuration. */
export interface TreeEntry {
  readonly path: string;
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Id of the blob. */
  readonly blob: string;
}

/** The files of a commit that are configuration, sorted by path, and what stands among them and cannot be part of it. */
export async function listTree(
  call: GitCall,
  commit: string,
): Promise<{ readonly entries: readonly TreeEntry[]; readonly problems: readonly Problem[] }> {
  const listed = await runGit(call, ['ls-tree', '-r', '-l', '-z', '--full-tree', commit, '--', ...sourceDirectories]);
  const entries: TreeEntry[] = [];
  const problems: Problem[] = [];
  let total = 0;
  for (const line of listed.split('\0')) {
    if (line === '') continue;
    // `<mode> <type> <id> <size, padded>`, a tab, the path.
    const tab = line.indexOf('\t');
    const path = line.slice(tab + 1);
    if (isLeftOver(path)) continue;
    const mode = line.slice(0, 6);
    const [, blob = '', length = ''] = line.slice(7, tab).split(/ +/, 3);
    const size = Number(length);
    const fault = faultOf(path, mode, size);
    if (fault) problems.push({ ...fault, at: { file: path, line: 1, column: 1 } });
    else entries.push({ path, executable: mode === '100755', size, blob });
    total += fault ? 0 : size;
  }
  if (entries.length >= treeBounds.files)
    problems.push({
      code: 'too-large',
      message: `the commit has ${treeBounds.files} files or more in ${sourceDirectories.join(', ')}`,
    });
  if (total > treeBounds.total)
    problems.push({
      code: 'too-large',
      message: `the files of the commit have ${total} bytes; expected at most ${treeBounds.total}`,
    });
  return { entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)), problems };
}

/** What a program of ours staged and left when it was killed; it is nobody's configuration. */
export const isLeftOver = (path: string): boolean => path.includes('/.agent-');

/** A name that is empty, leads elsewhere, or is git's own. */
const oddName = /(?:^|\/)(?:\.{0,2}|\.git)(?:\/|$)/i;

/** Why a file cannot be part of a revision. `size`: bytes. */
export function faultOf(path: string, mode: string, size: number): Pick<Problem, 'code' | 'message'> | undefined {
  if (!path.includes('/')) return { code: 'not-a-file', message: 'not a directory; links are not followed in a repository' };
  if (path.includes('\ufffd')) return { code: 'not-a-file', message: 'its name is not UTF-8' };
  if (oddName.test(path)) return { code: 'unsafe-path', message: 'a name in a repository cannot be empty, ".", ".." or ".git"' };
  if (mode === '160000') return { code: 'not-a-file', message: 'a submodule; only files of the repository itself are read' };
  if (mode !== '100644' && mode !== '100755')
    return { code: 'not-a-file', message: 'not a regular file; links and devices are not read from a repository' };
  if (!(size <= treeBounds.largestFile))
    return { code: 'too-large', message: `the file has ${size} bytes; expected at most ${treeBounds.largestFile}` };
  return undefined;
}
