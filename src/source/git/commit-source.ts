import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../model/json.ts';
import type { ContentChange, Revision, Source, SourceTree } from '../../model/revision.ts';
import { isEncrypted, vaultHeader } from '../../model/vault-header.ts';
import { mirrorIn } from './mirror.ts';
import { dropSegment, readManifest, revisionsIn, type KeptFile, type Manifest } from './revision-store.ts';

interface CommitPlace {
  readonly stateDirectory: string;
  readonly commit: string;
  readonly branch: string | null;
  /** The state directory of the host, for what is kept elsewhere to be looked at: it keeps the revisions to compare with. */
  readonly others?: string;
}

/** Begins the identity of sources that are commits; the state directory follows. */
const scheme = 'git:';
/** Begins the key of a revision that is a commit. */
const keyScheme = 'commit ';

/** A commit that is kept on this host as the source of runs. Nothing of it can change, so there is nothing to watch. */
export function commitSource(place: CommitPlace): Source {
  const { stateDirectory, commit, branch, others = stateDirectory } = place;
  let known: Revision | undefined;
  const open = (): Revision => (known ??= openCommit(place));
  return {
    identity: `${scheme}${others}`,
    workingTree: false,
    head: () => ({ commit, branch }),
    open,
    reopen: open,
  };
}

/** Whether the identity of a source says that it is a commit, not a working tree. */
export const isCommitIdentity = (identity: string): boolean => identity.startsWith(scheme);

function openCommit({ stateDirectory, commit, branch, others = stateDirectory }: CommitPlace): Revision {
  const manifest = readManifest(stateDirectory, commit);
  if (!manifest)
    throw new Error(
      `what was kept of ${commit} in ${revisionsIn(stateDirectory)} is gone or damaged; the next fetch restores it`,
    );
  return {
    commit,
    branch,
    workingTree: false,
    key: `${keyScheme}${commit}`,
    files: sourceTree(revisionsIn(stateDirectory), manifest),
    root: mirrorIn(stateDirectory).directory,
    commitInfo: manifest.info,
    watched: new Map(),
    problems: [],
    changesSince(key) {
      if (!key.startsWith(keyScheme)) return undefined;
      const before = readManifest(others, key.slice(keyScheme.length));
      return before && changesBetween(before.files, manifest.files);
    },
  };
}

function changesBetween(before: Manifest['files'], after: Manifest['files']): readonly ContentChange[] | undefined {
  if (before.length !== after.length) return undefined;
  const changes: ContentChange[] = [];
  const others = new Set<string>();
  for (const [index, old] of before.entries()) {
    const now = after[index]!;
    if (now.path !== old.path || now.executable !== old.executable) return undefined;
    if (now.blob === old.blob) others.add(old.sha256);
    else changes.push({ path: old.path, before: old, after: now });
  }
  const gone = new Set(changes.map((change) => change.before.sha256));
  return gone.size === changes.length && !changes.some((change) => others.has(change.before.sha256)) ? changes : undefined;
}

function sourceTree(directory: string, { files }: Manifest): SourceTree {
  const find = (path: string): Manifest['files'][number] | undefined => {
    const file = files[positionOf(path, files)];
    return file?.path === path ? file : undefined;
  };
  return {
    // `0` is the character behind `/`.
    list: (prefix) => files.slice(positionOf(`${prefix}/`, files), positionOf(`${prefix}0`, files)),
    read(path) {
      const file = find(path);
      return file && readKept(join(directory, file.segment), file);
    },
    digest(path) {
      const file = find(path);
      return file && { sha256: file.sha256, size: file.size };
    },
    isEncrypted(path) {
      const file = find(path);
      return (
        file !== undefined &&
        isEncrypted(readPart(join(directory, file.segment), file.offset, Math.min(file.size, vaultHeader.length)))
      );
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

/** Sizes tell nothing of a disk that gives other bytes than it got. */
function readKept(segment: string, { offset, size, sha256: digest }: KeptFile): Buffer {
  const bytes = readPart(segment, offset, size);
  if (sha256(bytes) === digest) return bytes;
  dropSegment(segment);
  throw new Error(`${segment} is damaged and was removed; the next fetch restores it`);
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
