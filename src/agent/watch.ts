import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { watch as watchWith, type ChokidarOptions, type FSWatcher } from 'chokidar';

interface Watched {
  readonly directories: readonly string[];
  /** Whether a name in them is to be told. Of others it is only told that something moved. */
  holds(name: string): boolean;
}

/** Tells that something may have moved. An accelerator: what it does not see, the next poll finds. */
interface Watch {
  /** From now on the files and names in these directories, and everything in these trees. `isAsLeft`: nothing of them has moved. */
  follow(paths: Watched, trees: readonly string[], isAsLeft: boolean): void;
  close(): Promise<void>;
}

/** Events come in bursts; the first of one waits this long for the others. Milliseconds. */
const settle = 40;
/** Names of one burst that are told of. */
const mostNames = 1_000;

/**
 * Watches the directories of paths. Directories only, not each file in them: the kernel tells of a directory's files through the
 * directory, and thousands of watches would cost the memory that an idle agent must not take. Links are not followed.
 */
export function openWatch(moved: (names: Iterable<string>) => void, problem: (message: string) => void): Watch {
  let timer: NodeJS.Timeout | undefined;
  let names = new Set<string>();
  /** Whether nothing has moved since it was last said what is to be followed. */
  let isQuiet = false;
  const seen = (name?: string): void => {
    isQuiet = false;
    if (name !== undefined && names.size < mostNames) names.add(name);
    timer ??= setTimeout(() => {
      timer = undefined;
      const burst = names;
      names = new Set();
      moved(burst);
    }, settle);
  };
  let named: Watched | undefined;
  // What others make all the time beside it must not take the place of what is managed, nor be looked at anew for each name.
  const seenBeside = (name: string): void => seen(name === '' || named?.holds(name) ? name : undefined);
  const ofPaths = watchDirectories({ depth: 0 }, seenBeside, problem);
  const ofTrees = watchDirectories({}, seen, problem);
  return {
    follow(paths, trees, isAsLeft) {
      const { directories } = paths;
      const isSame = directories === named?.directories;
      // What moved before they were named: a rollback by hand may have left other ones than the agent's run.
      if (!isSame) seen('');
      named = paths;
      // The same ones may have been taken away or put back, also with a directory above them, where nothing is seen of it.
      if (!isSame || !isQuiet || !isAsLeft) ofPaths.follow(directories.map(nearestDirectory));
      ofTrees.follow(trees.map(realTree));
      isQuiet = true;
    },
    async close() {
      clearTimeout(timer);
      await Promise.all([ofPaths.close(), ofTrees.close()]);
    },
  };
}

function watchDirectories(options: ChokidarOptions, seen: (name: string) => void, problem: (message: string) => void) {
  let watcher: FSWatcher | undefined;
  let known = '';
  return {
    follow(paths: readonly string[]): void {
      const directories = [...new Set(paths)].sort();
      // What was moved away is still watched, and not what is in its place.
      const wanted = directories.map((path) => `${path} ${inodeOf(path)}`).join('\0');
      if (wanted === known) return;
      known = wanted;
      void watcher?.close();
      watcher = watchWith(directories, {
        ...options,
        followSymlinks: false,
        ignoreInitial: true,
        ignored: (_path, stats) => stats !== undefined && !stats.isDirectory(),
      });
      watcher.on('raw', (_event, name, details) =>
        seen(join((details as { readonly watchedPath?: string }).watchedPath ?? '', name ?? '')),
      );
      // What moved while the watches were being made, those of a new directory too.
      watcher.on('ready', () => seen(''));
      watcher.on('addDir', (path) => seen(path));
      watcher.on('unlinkDir', (path) => {
        // It may be made again, and would not be watched then.
        known = '';
        seen(path);
      });
      watcher.on('error', (error) => problem(`local edits may be seen late: ${(error as Error).message}`));
    },
    async close(): Promise<void> {
      await watcher?.close();
    },
  };
}

/** What does not exist yet is seen where it will come to be. */
const nearestDirectory = (path: string): string =>
  path === '' || path === '/' ? '/' : isDirectory(path) ? path : nearestDirectory(dirname(path));

/** Not where it cannot be looked at either: a file stands above it, or this user may not go there. */
function isDirectory(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}

const inodeOf = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.ino;

/** Sources are read through a link to them, and never through one in them. */
const realTree = (tree: string): string => join(realpathSync(dirname(tree)), basename(tree));
