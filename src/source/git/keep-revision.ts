import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../model/problem.ts';
import type { CommitInfo } from '../../model/revision.ts';
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
import type { GitCall } from './run-git.ts';

/** Segments that one revision may be spread over. */
const mostSegments = 32;

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
  const { entries, problems } = await listTree(call, commit);
  if (problems.length > 0) return problems;
  makeRevisions(stateDirectory);
  const before = firstKept(stateDirectory, others);
  const have = before ? reusable(entries, before) : new Map<string, KeptFile>();
  const lacking = [...new Set(entries.flatMap(({ blob }) => (have.has(blob) ? [] : [blob])))];
  const segment = `segment-${randomBytes(8).toString('hex')}`;
  const file = join(revisionsIn(stateDirectory), segment);
  const { placed, kept, size } = await readBlobs(call, [commit, ...lacking], file, new Set([commit])).catch((error: unknown) => {
    // On a full disk half a segment is what others need the space for.
    rmSync(file, { force: true });
    throw error;
  });
  const files = entries.map(({ path, executable, blob, size: length }): KeptFile => {
    const place = placed.get(blob);
    if (place) return { path, executable, size: length, blob, sha256: place.sha256, segment, offset: place.offset };
    return { ...(have.get(blob) as KeptFile), path, executable };
  });
  const sizes: Readonly<Record<string, number>> = { ...before?.segments, [segment]: size };
  const segments = Object.fromEntries([...new Set(files.map((each) => each.segment))].map((name) => [name, sizes[name] ?? 0]));
  const manifest = { info: readCommit(commit, kept.get(commit) ?? Buffer.of()), files, segments };
  writeManifest(stateDirectory, manifest);
  pruneRevisions(stateDirectory, [commit, ...others]);
  return [];
}

/**
 * The blobs that are kept already and worth leaving where they are. A segment of which less than half is still needed is
 * written anew, and so are all but the largest when there are too many: space and pieces stay bounded.
 */
function reusable(entries: readonly TreeEntry[], { files, segments: sizes }: Manifest): ReadonlyMap<string, KeptFile> {
  const places = new Map(files.map((file) => [file.blob, file]));
  const found = [...new Set(entries.map(({ blob }) => blob))].flatMap((blob) => places.get(blob) ?? []);
  const live = new Map<string, number>();
  for (const { segment, size } of found) live.set(segment, (live.get(segment) ?? 0) + size);
  const dense = [...live].filter(([name, bytes]) => bytes * 2 >= (sizes[name] ?? 0)).sort(([, a], [, b]) => b - a);
  const chosen = new Set((dense.length < mostSegments ? dense : dense.slice(0, 1)).map(([name]) => name));
  return new Map(found.flatMap((file) => (chosen.has(file.segment) ? [[file.blob, file]] : [])));
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
