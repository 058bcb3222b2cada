import { sourceDirectories } from '../tree-bounds.ts';
import { faultOf, isLeftOver } from './list-tree.ts';
import { GitFailure, runGit, type GitCall } from './run-git.ts';

/** A file of a commit, before its content was looked at. */
interface ChangedFile {
  readonly path: string;
  readonly executable: boolean;
  /** Id of the blob. */
  readonly blob: string;
}

/** More are listed with the whole tree, which also finds what was only moved. */
const mostChanges = 1_000;

/**
 * What of the configuration differs between two commits, by path; null is what the second one has not. Undefined where that does not
 * say all: too many changes, something among them that cannot be configuration, or a commit that the mirror has not.
 */
export async function listChanges(
  call: GitCall,
  from: string,
  to: string,
): Promise<ReadonlyMap<string, ChangedFile | null> | undefined> {
  const listed = await runGit(call, [
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-renames',
    from,
    to,
    '--',
    ...sourceDirectories,
  ]).catch((error: unknown) => {
    if (error instanceof GitFailure) return undefined;
    throw error;
  });
  if (listed === undefined) return undefined;
  const changes = new Map<string, ChangedFile | null>();
  const parts = listed.split('\0');
  if (parts.length > 2 * mostChanges) return undefined;
  for (let index = 0; index + 1 < parts.length; index += 2) {
    // `:<mode> <mode> <id> <id> <status>`, then the path.
    const [, mode = '', , blob = ''] = parts[index]!.split(' ');
    const path = parts[index + 1]!;
    if (isLeftOver(path)) continue;
    if (mode === '000000') {
      changes.set(path, null);
      continue;
    }
    if (faultOf(path, mode, 0)) return undefined;
    changes.set(path, { path, executable: mode === '100755', blob });
  }
  return changes;
}
