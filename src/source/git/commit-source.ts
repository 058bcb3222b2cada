import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Revision, Source, SourceTree } from '../../model/revision.ts';
import { mirrorIn } from './mirror.ts';
import { readManifest, revisionsIn, type Manifest } from './revision-store.ts';

interface CommitPlace {
  readonly stateDirectory: string;
  readonly commit: string;
  readonly branch: string | null;
}

/** Begins the identity of sources that are commits; the state directory follows. */
const scheme = 'git:';

/** A commit that is kept on this host as the source of runs. Nothing of it can change, so there is nothing to watch. */
export function commitSource({ stateDirectory, commit, branch }: CommitPlace): Source {
  let known: Revision | undefined;
  const open = (): Revision => (known ??= openCommit({ stateDirectory, commit, branch }));
  return {
    identity: `${scheme}${stateDirectory}`,
    workingTree: false,
    head: () => ({ commit, branch }),
    open,
    reopen: open,
  };
}

/** Whether the identity of a source says that it is a commit, not a working tree. */
export const isCommitIdentity = (identity: string): boolean => identity.startsWith(scheme);

function openCommit({ stateDirectory, commit, branch }: CommitPlace): Revision {
  const manifest = readManifest(stateDirectory, commit);
  if (!manifest)
    throw new Error(
      `what was kept of ${commit} in ${revisionsIn(stateDirectory)} is gone or damaged; the next fetch restores it`,
    );
  return {
    commit,
    branch,
    workingTree: false,
    key: `commit ${commit}`,
    files: sourceTree(revisionsIn(stateDirectory), manifest),
    root: mirrorIn(stateDirectory).directory,
    commitInfo: manifest.info,
    watched: new Map(),
    problems: [],
  };
}

function sourceTree(directory: string, { files }: Manifest): SourceTree {
  return {
    // `0` is the character behind `/`.
    list: (prefix) => files.slice(positionOf(`${prefix}/`, files), positionOf(`${prefix}0`, files)),
    read(path) {
      const file = files[positionOf(path, files)];
      return file?.path === path ? readPart(join(directory, file.segment), file.offset, file.size) : undefined;
    },
  };
}

/** Of the first file that is not before a path, among files that are sorted by path. */
function positionOf(path: string, files: Manifest['files']): number {
  let [first, end] = [0, files.length];
  while (first < end) {
    const middle = (first + end) >>> 1;
    if (files[middle]!.path < path) first = middle + 1;
    else end = middle;
  }
  return first;
}

function readPart(file: string, offset: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  const descriptor = openSync(file, 'r');
  try {
    for (let read = 0; read < size;) {
      const more = readSync(descriptor, bytes, read, size - read, offset + read);
      if (more === 0) throw new Error(`${file} is cut short; the next fetch restores it`);
      read += more;
    }
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}
