import type { Problem } from '../../model/problem.ts';
import { lineBreak, sourceDirectories, treeBounds } from '../tree-bounds.ts';
import { readGit, type GitCall } from './run-git.ts';
import { TooLarge } from './too-large.ts';

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
  const entries: TreeEntry[] = [];
  const problems: Problem[] = [];
  const counts = { files: 0, directories: 0 };
  let total = 0;
  for await (const line of listLines(call, commit)) {
    // `<mode> <type> <id> <size, padded>`, a tab, the path.
    const tab = line.indexOf('\t');
    const path = line.slice(tab + 1);
    const mode = line.slice(0, 6);
    const [type, blob = '', length = ''] = line.slice(7, tab).split(/ +/, 3);
    const what = type === 'tree' ? 'directories' : 'files';
    counts[what] += 1;
    if (counts[what] >= treeBounds.files) {
      problems.push(tooLarge(`the commit has ${treeBounds.files} ${what} or more in ${sourceDirectories.join(', ')}`));
      break;
    }
    if (type === 'tree' || isLeftOver(path)) continue;
    const size = Number(length);
    const fault = faultOf(path, mode, size);
    if (fault) problems.push({ ...fault, at: { file: path, line: 1, column: 1 } });
    else entries.push({ path, executable: mode === '100755', size, blob });
    total += fault ? 0 : size;
  }
  if (total > treeBounds.total)
    problems.push(tooLarge(`the files of the commit have ${total} bytes; expected at most ${treeBounds.total}`));
  return { entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)), problems };
}

/** With its directories, which can be very many without a file in them. Throws `TooLarge` for names that are. */
async function* listLines(call: GitCall, commit: string): AsyncGenerator<string, void> {
  let listed = 0;
  let rest = '';
  for await (const text of readGit(call, ['ls-tree', '-rtlz', '--full-tree', commit, '--', ...sourceDirectories])) {
    listed += text.length;
    if (listed > treeBounds.list)
      throw new TooLarge(`the list of the files of the commit is larger than ${treeBounds.list} bytes`);
    const lines = (rest + text).split('\0');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

const tooLarge = (message: string): Problem => ({ code: 'too-large', message });

/** What a program of ours staged and left when it was killed; it is nobody's configuration. */
export const isLeftOver = (path: string): boolean => path.includes('/.agent-');

/** A name that is empty, leads elsewhere, or is git's own. */
const oddName = /(?:^|\/)(?:\.{0,2}|\.git)(?:\/|$)/i;

/** Why a file cannot be part of a revision. `size`: bytes. */
export function faultOf(path: string, mode: string, size: number): Pick<Problem, 'code' | 'message'> | undefined {
  if (!path.includes('/')) return { code: 'not-a-file', message: 'not a directory; links are not followed in a repository' };
  if (path.includes('\ufffd')) return { code: 'not-a-file', message: 'its name is not UTF-8' };
  if (lineBreak.test(path)) return { code: 'not-a-file', message: 'its name has a line break' };
  if (oddName.test(path)) return { code: 'unsafe-path', message: 'a name in a repository cannot be empty, ".", ".." or ".git"' };
  if (mode === '160000') return { code: 'not-a-file', message: 'a submodule; only files of the repository itself are read' };
  if (mode !== '100644' && mode !== '100755')
    return { code: 'not-a-file', message: 'not a regular file; links and devices are not read from a repository' };
  if (!(size <= treeBounds.largestFile))
    return { code: 'too-large', message: `the file has ${size} bytes; expected at most ${treeBounds.largestFile}` };
  return undefined;
}
