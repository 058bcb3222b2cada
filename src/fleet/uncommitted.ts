import { homedir } from 'node:os';
import { join } from 'node:path';
import { listed } from '../model/listed.ts';
import { sourceDirectories } from '../source/tree-bounds.ts';
import type { Ask } from './ask-git.ts';

/** A path of the source directories at which something else stands, or is about to, than the commit that is checked out has. */
interface Change {
  readonly path: string;
  /** As git says it, for the index and the file: `M `, `??`. */
  readonly code: string;
}

/** What `git status` tells its user of the source directories: what they ignore is no change. */
export async function findChanges(ask: Ask): Promise<readonly Change[]> {
  const words = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--', ...sourceDirectories];
  const listed = await ask(words, { settings: { 'core.excludesFile': await userExcludes(ask) } });
  return listed.split('\0').flatMap((entry) => (entry === '' ? [] : [{ path: entry.slice(3), code: entry.slice(0, 2) }]));
}

export const listPaths = (changes: readonly Change[]): string => listed([...new Set(changes.map(({ path }) => path))]);

/** The file with what the user never wants to see; nothing else of their configuration counts here. */
async function userExcludes(ask: Ask): Promise<string> {
  const { HOME = homedir(), XDG_CONFIG_HOME, GIT_CONFIG_GLOBAL, GIT_CONFIG_NOSYSTEM } = process.env;
  const env = { HOME, XDG_CONFIG_HOME, GIT_CONFIG_GLOBAL, GIT_CONFIG_NOSYSTEM };
  const named = await ask(['config', '--type=path', '--default', '', '--get', 'core.excludesFile'], { env });
  return named.trim() || join(XDG_CONFIG_HOME || join(HOME, '.config'), 'git/ignore');
}

/** A commit of the changes on top of `parent`. All that is written goes into `directory`, which has the objects of the repository. */
export async function commitChanges(
  changes: readonly Change[],
  { parent, directory }: { readonly parent: string; readonly directory: string },
  ask: Ask,
): Promise<string> {
  const nobody = { NAME: 'uncommitted', EMAIL: 'uncommitted@localhost' };
  const who = Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((role) => Object.entries(nobody).map(([part, value]) => [`GIT_${role}_${part}`, value])),
  );
  // An index that is split would be written into the repository in part.
  const settings = { 'core.splitIndex': 'false' };
  const env = { GIT_INDEX_FILE: join(directory, 'index'), GIT_OBJECT_DIRECTORY: join(directory, 'objects'), ...who };
  // Exactly these paths: what else differs from the commit is ignored, or outside of a sparse checkout.
  const update = async (options: readonly string[], paths: readonly string[]): Promise<void> => {
    const stdin = paths.map((path) => `${path}\0`).join('');
    if (paths.length > 0) await ask(['update-index', ...options, '-z', '--stdin'], { env, settings, stdin });
  };
  await ask(['read-tree', parent], { env, settings });
  // What is no longer wanted in git, and may still be there as a file that is ignored.
  const isGone = ({ code }: Change): boolean => code === 'D ';
  await update(
    ['--force-remove'],
    changes.filter(isGone).map(({ path }) => path),
  );
  // A repository inside of this one has a history of its own.
  const others = changes.filter((change) => !isGone(change) && !change.path.endsWith('/')).map(({ path }) => path);
  await update(['--add', '--remove', '--replace'], others);
  const tree = (await ask(['write-tree'], { env, settings })).trim();
  return (await ask(['commit-tree', tree, '-p', parent, '-m', 'uncommitted changes'], { env })).trim();
}
