import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../model/problem.ts';
import { treeBounds } from '../tree-bounds.ts';
import { readCommits, type Commit } from './commit-object.ts';
import { findPointers } from './find-pointers.ts';
import { listChanges } from './list-changes.ts';
import { listTree, type TreeEntry } from './list-tree.ts';
import type { Bounds, Objects } from './objects.ts';
import {
  makeRevisions,
  pruneRevisions,
  readManifest,
  revisionsIn,
  writeManifest,
  type KeptFile,
  type Manifest,
} from './revision-store.ts';
import { GitFailure, type GitCall } from './run-git.ts';
import { TooLarge } from './too-large.ts';

/** Segments that one revision may be spread over. */
const mostSegments = 32;

/** Manifests of which this process has judged every file: what differs from one of them is all that is new to judge. */
const judged = new WeakSet<Manifest>();

/** What a revision consists of, where each part is kept or found. */
interface Laid {
  readonly files: readonly KeptFile[];
  /** The new one, and its size. */
  readonly segment: string;
  readonly size: number;
}

/** Of one mirror. */
export interface Access {
  readonly call: GitCall;
  readonly objects: Objects;
}

/**
 * Takes the files of a commit out of the mirror, so that it can be applied without it. Blobs that the first
 * of `others` has are not read again. Revisions other than this one, `others` and the newest are removed.
 * With problems nothing is kept.
 */
export async function keepRevision(
  { call, objects }: Access,
  stateDirectory: string,
  commit: string,
  others: readonly string[],
): Promise<readonly Problem[]> {
  makeRevisions(stateDirectory);
  const before = firstKept(stateDirectory, others);
  const commits = await readCommits(objects, [commit, ...(before ? [before.info.id] : [])]);
  const own = commits.get(commit);
  if (!own) throw new GitFailure('cat-file', { exit: 1, stderr: `fatal: the mirror lacks ${commit}` });
  const place: Place = { objects, stateDirectory, before };
  let laid = await layChanges(place, own.tree, commits);
  if (!laid) {
    const { entries, problems } = await listTree(call, commit);
    if (problems.length > 0) return problems;
    laid = await layFiles(place, entries, before, treeBounds);
  }
  const { files, segment, size } = laid;
  const added = join(revisionsIn(stateDirectory), segment);
  const pointers = findPointers(
    added,
    files.filter((each) => each.segment === segment),
  );
  if (pointers.length > 0) {
    rmSync(added, { force: true });
    return pointers;
  }
  const sizes: Readonly<Record<string, number>> = { ...before?.segments, [segment]: size };
  const segments = Object.fromEntries([...new Set(files.map((each) => each.segment))].map((name) => [name, sizes[name] ?? 0]));
  const manifest = { info: own.info, files, segments };
  judged.add(manifest);
  writeManifest(stateDirectory, manifest);
  pruneRevisions(stateDirectory, [commit, ...others]);
  return [];
}

interface Place {
  readonly objects: Objects;
  readonly stateDirectory: string;
  /** The revision with which most is shared. */
  readonly before: Manifest | undefined;
}

/**
 * What a revision consists of, from what differs from the revision before, where all of that was judged, or from everything.
 * Undefined where git must list the whole tree: to say what is wrong with it, since it is large, or to write sparse segments anew.
 */
async function layChanges(place: Place, tree: string, commits: ReadonlyMap<string, Commit>): Promise<Laid | undefined> {
  const { objects, stateDirectory, before } = place;
  const base = before && judged.has(before) ? commits.get(before.info.id) : undefined;
  const changes = await listChanges(objects, base?.tree, tree);
  const kept = changes && (base && before ? before.files.filter(({ path }) => !changes.has(path)) : []);
  if (!kept || (before && !areDense(kept, before))) return undefined;
  const changed = [...changes.values()].filter((change) => change !== null);
  const bounds = { ...treeBounds, total: treeBounds.total - bytesOf(kept) };
  const added = await layFiles(place, changed, base ? undefined : before, bounds).catch((error: unknown) => {
    if (error instanceof GitFailure || error instanceof TooLarge) return undefined;
    throw error;
  });
  if (!added) return undefined;
  const { files, ...rest } = added;
  if (kept.length + files.length < treeBounds.files && bytesOf(files) <= bounds.total)
    return { ...rest, files: [...kept, ...files].sort((a, b) => (a.path < b.path ? -1 : 1)) };
  rmSync(join(revisionsIn(stateDirectory), rest.segment), { force: true });
  return undefined;
}

function bytesOf(files: readonly KeptFile[]): number {
  let total = 0;
  for (const { size } of files) total += size;
  return total;
}

type Found = Omit<KeptFile, 'path' | 'executable' | 'blob'>;

/** Copies into a segment of their own, durably, what `before` does not have of them. */
async function layFiles(
  { objects, stateDirectory }: Place,
  entries: readonly Omit<TreeEntry, 'size'>[],
  before: Manifest | undefined,
  bounds: Bounds,
): Promise<Laid> {
  const have: ReadonlyMap<string, Found> = before ? reusable(entries, before) : new Map();
  const lacking = new Set(entries.flatMap(({ blob }) => (have.has(blob) ? [] : [blob])));
  const segment = `segment-${randomBytes(8).toString('hex')}`;
  const file = join(revisionsIn(stateDirectory), segment);
  try {
    const { placed, size } = await objects.copy([...lacking], file, bounds);
    const found = (blob: string): Found => have.get(blob) ?? { ...placed.get(blob)!, segment };
    const files = entries.map(({ path, executable, blob }): KeptFile => ({ ...found(blob), path, executable, blob }));
    return { files, segment, size };
  } catch (error) {
    // On a full disk half a segment is what others need the space for.
    rmSync(file, { force: true });
    throw error;
  }
}

/**
 * The blobs that are kept already and worth leaving where they are. A segment of which less than half is still needed is
 * written anew, and so are all but the largest when there are too many: space and pieces stay bounded.
 */
function reusable(entries: readonly Pick<TreeEntry, 'blob'>[], before: Manifest): ReadonlyMap<string, KeptFile> {
  const places = new Map(before.files.map((file) => [file.blob, file]));
  const found = [...new Set(entries.map(({ blob }) => blob))].flatMap((blob) => places.get(blob) ?? []);
  const dense = [...liveBytes(found)].filter(([name, bytes]) => isDense(name, bytes, before)).sort(([, a], [, b]) => b - a);
  const chosen = new Set((dense.length < mostSegments ? dense : dense.slice(0, 1)).map(([name]) => name));
  return new Map(found.flatMap((file) => (chosen.has(file.segment) ? [[file.blob, file]] : [])));
}

/** Whether all segments that these files are in may stay as they are, with one more. */
function areDense(files: readonly KeptFile[], before: Manifest): boolean {
  const live = [...liveBytes(files)];
  return live.length < mostSegments && live.every(([name, bytes]) => isDense(name, bytes, before));
}

const isDense = (name: string, bytes: number, { segments }: Manifest): boolean => bytes * 2 >= (segments[name] ?? 0);

/** Of each segment; what two files share counts once. */
function liveBytes(files: readonly KeptFile[]): ReadonlyMap<string, number> {
  const live = new Map<string, number>();
  const seen = new Set<string>();
  for (const { blob, segment, size } of files) {
    if (seen.has(blob)) continue;
    seen.add(blob);
    live.set(segment, (live.get(segment) ?? 0) + size);
  }
  return live;
}

function firstKept(stateDirectory: string, commits: readonly string[]): Manifest | undefined {
  for (const commit of commits) {
    const manifest = readManifest(stateDirectory, commit);
    if (manifest) return manifest;
  }
  return undefined;
}
