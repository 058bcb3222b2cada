import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../model/problem.ts';
import type { CommitInfo } from '../../model/revision.ts';
import { treeBounds } from '../tree-bounds.ts';
import { listChanges } from './list-changes.ts';
import { listTree, type TreeEntry } from './list-tree.ts';
import { readBlobs } from './read-blobs.ts';
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

/** Segments that one revision may be spread over. */
const mostSegments = 32;

/** Manifests of which this process has judged every file: what differs from one of them is all that is new to judge. */
const judged = new WeakSet<Manifest>();

/** What a revision consists of, where each part is kept or found, and the parts that are kept under the new names. */
interface Laid {
  readonly files: readonly KeptFile[];
  readonly info: CommitInfo;
  /** The new one, and its size. */
  readonly segment: string;
  readonly size: number;
}

/**
 * Takes the files of a commit out of the mirror, so that it can be applied without it. Blobs that the first
 * of `others` has are not read again. Revisions other than this one and `others` are removed. With problems nothing is kept.
 */
export async function keepRevision(
  call: GitCall,
  stateDirectory: string,
  commit: string,
  others: readonly string[],
): Promise<readonly Problem[]> {
  makeRevisions(stateDirectory);
  const before = firstKept(stateDirectory, others);
  const laid =
    (before && (await layChanges(call, stateDirectory, commit, before))) ?? (await layAll(call, stateDirectory, commit, before));
  if ('problems' in laid) return laid.problems;
  const { files, info, segment, size } = laid;
  const sizes: Readonly<Record<string, number>> = { ...before?.segments, [segment]: size };
  const segments = Object.fromEntries([...new Set(files.map((each) => each.segment))].map((name) => [name, sizes[name] ?? 0]));
  const manifest = { info, files, segments };
  judged.add(manifest);
  writeManifest(stateDirectory, manifest);
  pruneRevisions(stateDirectory, [commit, ...others]);
  return [];
}

/** Lists the whole tree, and judges all of it. */
async function layAll(
  call: GitCall,
  stateDirectory: string,
  commit: string,
  before: Manifest | undefined,
): Promise<Laid | { readonly problems: readonly Problem[] }> {
  const { entries, problems } = await listTree(call, commit);
  if (problems.length > 0) return { problems };
  const have = before ? reusable(entries, before) : new Map<string, KeptFile>();
  const lacking = [...new Set(entries.flatMap(({ blob }) => (have.has(blob) ? [] : [blob])))];
  const { placed, ...read } = await readSegment(call, stateDirectory, commit, lacking);
  const files = entries.map((entry): KeptFile => {
    const { path, executable, blob } = entry;
    return { ...((placed.get(blob) ?? have.get(blob)) as Place), path, executable, blob };
  });
  return { ...read, files };
}

/**
 * The same from what differs from a revision that was judged before. Undefined where the whole tree must be listed: to say what is
 * wrong with it, or to write sparse segments anew.
 */
async function layChanges(call: GitCall, stateDirectory: string, commit: string, before: Manifest): Promise<Laid | undefined> {
  const changes = judged.has(before) ? await listChanges(call, before.info.id, commit) : undefined;
  const kept = changes && before.files.filter(({ path }) => !changes.has(path));
  if (!kept || !areDense(kept, before)) return undefined;
  const changed = [...changes.values()].filter((change) => change !== null);
  const blobs = [...new Set(changed.map(({ blob }) => blob))];
  const bounds = { ...treeBounds, total: treeBounds.total - bytesOf(kept) };
  const read = await readSegment(call, stateDirectory, commit, blobs, bounds).catch((error: unknown) => {
    if (error instanceof GitFailure) return undefined;
    throw error;
  });
  if (!read) return undefined;
  const { placed, ...rest } = read;
  const added = changed.map((file): KeptFile => ({ ...(placed.get(file.blob) as Place), ...file }));
  if (kept.length + added.length < treeBounds.files && bytesOf(added) <= bounds.total)
    return { ...rest, files: [...kept, ...added].sort((a, b) => (a.path < b.path ? -1 : 1)) };
  rmSync(join(revisionsIn(stateDirectory), rest.segment), { force: true });
  return undefined;
}

function bytesOf(files: readonly KeptFile[]): number {
  let total = 0;
  for (const { size } of files) total += size;
  return total;
}

/** Bytes. */
type Bounds = Readonly<Record<'largestFile' | 'total', number>>;
type Place = Omit<KeptFile, 'path' | 'executable' | 'blob'>;

/** Reads blobs into a segment of their own, durably, and the commit itself. */
async function readSegment(call: GitCall, stateDirectory: string, commit: string, blobs: readonly string[], bounds?: Bounds) {
  const segment = `segment-${randomBytes(8).toString('hex')}`;
  const file = join(revisionsIn(stateDirectory), segment);
  try {
    const { placed, kept, size } = await readBlobs(call, [commit, ...blobs], file, new Set([commit]), bounds);
    const places = new Map([...placed].map(([blob, place]): [string, Place] => [blob, { ...place, segment }]));
    return { placed: places, segment, size, info: readCommit(commit, kept.get(commit) ?? Buffer.of()) };
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
function reusable(entries: readonly TreeEntry[], before: Manifest): ReadonlyMap<string, KeptFile> {
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

/** Author and time of a commit object. */
function readCommit(id: string, bytes: Buffer): CommitInfo {
  const head = bytes.toString('utf8').split('\n\n', 1)[0] ?? '';
  const [, author = '', seconds = '0', zone = '+0000'] = /^author (.*?) ?<[^\n]*> (\d+) ([+-]\d{4})$/m.exec(head) ?? [];
  return { id, short: id.slice(0, 12), author, time: isoTime(Number(seconds), zone) };
}

/** As `git log --format=%aI` writes it: in the author's own time zone. */
function isoTime(seconds: number, zone: string): string {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5));
  const shifted = (seconds + (zone.startsWith('-') ? -60 : 60) * minutes) * 1000;
  if (!(Math.abs(shifted) < 8.64e15)) return '';
  return `${new Date(shifted).toISOString().slice(0, 19)}${zone.slice(0, 3)}:${zone.slice(3)}`;
}
