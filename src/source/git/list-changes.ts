import { sourceDirectories } from '../tree-bounds.ts';
import { faultOf, isLeftOver } from './list-tree.ts';
import type { Objects } from './objects.ts';
import { GitFailure } from './run-git.ts';
import { TooLarge } from './too-large.ts';

/** A file of a commit, before its content was looked at. */
interface ChangedFile {
  readonly path: string;
  readonly executable: boolean;
  /** Id of the blob. */
  readonly blob: string;
}

interface TreeItem {
  readonly mode: string;
  readonly id: string;
}

/** A place that is a directory on either side, with the ids of both. */
interface Pair {
  readonly path: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** More are listed by git, which has all of a tree sooner. */
const most = 1_000;
const treeMode = '40000';
const idBytes = 20;

/**
 * What of the configuration differs between two trees, by path; null is what the second one has not. All of it counts without the first
 * one. Undefined where that does not say all: too much, something among it that cannot be configuration, or trees that
 * the mirror has not.
 */
export async function listChanges(
  objects: Objects,
  from: string | undefined,
  to: string,
): Promise<ReadonlyMap<string, ChangedFile | null> | undefined> {
  const changes = new Map<string, ChangedFile | null>();
  let seen = 0;
  let level: Pair[] = [{ path: '', from, to }];
  while (level.length > 0) {
    seen += level.length;
    if (seen + changes.size > most) return undefined;
    const ids = [...new Set(level.flatMap((pair) => [pair.from, pair.to].filter((id) => id !== undefined)))];
    const contents = await objects.read('tree', ids).catch((error: unknown) => {
      if (error instanceof GitFailure || error instanceof TooLarge) return undefined;
      throw error;
    });
    if (!contents || contents.size < ids.length) return undefined;
    const next: Pair[] = [];
    for (const pair of level) {
      const [before, after] = [pair.from, pair.to].map((id) => readTree(id === undefined ? undefined : contents.get(id)));
      for (const name of new Set([...before!.keys(), ...after!.keys()])) {
        if (pair.path === '' && !sourceDirectories.some((directory) => directory === name)) continue;
        const [old, now] = [before!.get(name), after!.get(name)];
        if (old?.id === now?.id && old?.mode === now?.mode) continue;
        const path = pair.path + name;
        const trees = { from: treeOf(old), to: treeOf(now) };
        if (trees.from !== undefined || trees.to !== undefined) next.push({ path: `${path}/`, ...trees });
        if (isLeftOver(path)) continue;
        if (now && trees.to === undefined) {
          if (faultOf(path, now.mode, 0)) return undefined;
          changes.set(path, { path, executable: now.mode === '100755', blob: now.id });
        } else if (old && trees.from === undefined) changes.set(path, null);
      }
    }
    level = next;
  }
  return changes;
}

/** The id of an item that is a directory. */
const treeOf = (item: TreeItem | undefined): string | undefined => (item?.mode === treeMode ? item.id : undefined);

/** By name: `<mode> <name>`, a NUL, the id in binary. */
function readTree(bytes: Buffer | undefined): ReadonlyMap<string, TreeItem> {
  const items = new Map<string, TreeItem>();
  for (let at = 0; bytes && at < bytes.length;) {
    const [space, nul] = [bytes.indexOf(0x20, at), bytes.indexOf(0, at)];
    if (space < 0 || nul < 0) throw new GitFailure('cat-file', { exit: 1, stderr: 'fatal: a tree that cannot be read' });
    const mode = bytes.toString('latin1', at, space);
    at = nul + 1 + idBytes;
    items.set(bytes.toString('utf8', space + 1, nul), { mode, id: bytes.toString('hex', nul + 1, at) });
  }
  return items;
}
