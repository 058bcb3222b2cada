import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../model/json.ts';
import type { CommitInfo } from '../../model/revision.ts';
import { writeDurably } from '../../state/durable-file.ts';

/** Where one file of a revision is kept: a part of a segment. */
export interface KeptFile {
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
  readonly blob: string;
  readonly sha256: string;
  readonly segment: string;
  readonly offset: number;
}

/** What is kept of a commit: enough to apply it without the remote and without the mirror. */
export interface Manifest {
  readonly info: CommitInfo;
  /** Sorted by path. */
  readonly files: readonly KeptFile[];
  /** Names and sizes of the segments that the files are in. */
  readonly segments: Readonly<Record<string, number>>;
}

const schema = 'reconcile.revision/1';
type Row = readonly [
  path: string,
  executable: 0 | 1,
  size: number,
  blob: string,
  sha256: string,
  segment: number,
  offset: number,
];
/** The first line of a manifest; the second one holds the rows. */
interface Head {
  readonly schema: typeof schema;
  readonly info: CommitInfo;
  readonly segments: readonly (readonly [name: string, size: number])[];
  /** SHA-256 of the second line. */
  readonly rows: string;
}

/** Bytes. */
const usualHead = 8 * 1024;

export const revisionsIn = (stateDirectory: string): string => join(stateDirectory, 'revisions');
const manifestFile = (stateDirectory: string, commit: string): string => join(revisionsIn(stateDirectory), `${commit}.json`);

/** The manifests that were read or written last: the next revision and the next run are made from one, and compared with the other. */
const known = new Map<string, { readonly signature: string; readonly manifest: Manifest }>();
const mostKnown = 2;

/** The manifests that were found to be whole last: what their files looked like, and their segments. */
const proven = new Map<string, { readonly signature: string; readonly segments: Head['segments'] }>();
/** The newest revision and the last good one, of a host and of what is tried for it. */
const mostProven = 4;

/** Whether `readManifest` would read it, without making it a manifest. */
export function isWhole(stateDirectory: string, commit: string): boolean {
  const file = manifestFile(stateDirectory, commit);
  const signature = signatureOf(file);
  if (signature === '') return false;
  const found = proven.get(file);
  if (found?.signature === signature) return areWhole(stateDirectory, found.segments);
  const written = readWritten(stateDirectory, commit);
  if (!written || sha256(written.rows) !== written.head.rows) return false;
  putNewest(proven, file, { signature, segments: written.head.segments }, mostProven);
  return true;
}

function remember(file: string, signature: string, manifest: Manifest): void {
  putNewest(known, file, { signature, manifest }, mostKnown);
  putNewest(proven, file, { signature, segments: Object.entries(manifest.segments) }, mostProven);
}

function putNewest<T>(all: Map<string, T>, key: string, value: T, most: number): void {
  all.delete(key);
  all.set(key, value);
  for (const oldest of all.keys()) if (all.size > most) all.delete(oldest);
}

/** Reads what is kept of a commit; undefined when it is not there, not whole, or its contents are not. */
export function readManifest(stateDirectory: string, commit: string): Manifest | undefined {
  const file = manifestFile(stateDirectory, commit);
  const signature = signatureOf(file);
  if (signature === '') return undefined;
  const found = known.get(file);
  if (found?.signature === signature) {
    return areWhole(stateDirectory, Object.entries(found.manifest.segments)) ? found.manifest : undefined;
  }
  const written = readWritten(stateDirectory, commit);
  if (!written || sha256(written.rows) !== written.head.rows) return undefined;
  const { info, segments } = written.head;
  const names = segments.map(([name]) => name);
  const files = (JSON.parse(written.rows.toString()) as Row[]).map(
    ([path, executable, size, blob, digest, segment, offset]): KeptFile => ({
      path,
      executable: executable === 1,
      size,
      blob,
      sha256: digest,
      segment: names[segment] ?? '',
      offset,
    }),
  );
  const manifest = { info, files, segments: Object.fromEntries(segments) };
  remember(file, signature, manifest);
  return manifest;
}

const areWhole = (stateDirectory: string, segments: readonly (readonly [name: string, size: number])[]): boolean =>
  segments.every(([name, size]) => sizeOf(join(revisionsIn(stateDirectory), name)) === size);

/** Changes whenever the file is written; empty where there is none. */
function signatureOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` : '';
}

/** Whether a commit is kept as far as its first line and the sizes of its segments tell: what costs little enough to ask at every poll. */
export function isKept(stateDirectory: string, commit: string): boolean {
  const file = manifestFile(stateDirectory, commit);
  const found = proven.get(file);
  if (found && found.signature === signatureOf(file)) return areWhole(stateDirectory, found.segments);
  return readHead(stateDirectory, commit) !== undefined;
}

function readWritten(stateDirectory: string, commit: string): { readonly head: Head; readonly rows: Buffer } | undefined {
  try {
    const bytes = readFileSync(manifestFile(stateDirectory, commit));
    const end = bytes.indexOf(10);
    const head = parseHead(bytes.subarray(0, end), stateDirectory, commit);
    return head && { head, rows: bytes.subarray(end + 1) };
  } catch {
    // Absent or cut short: the mirror or the remote has it.
    return undefined;
  }
}

/** The same without the rows, which are nearly all of it. */
function readHead(stateDirectory: string, commit: string): Head | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(manifestFile(stateDirectory, commit), 'r');
    const bytes = Buffer.alloc(usualHead);
    const end = bytes.subarray(0, readSync(descriptor, bytes, 0, usualHead, 0)).indexOf(10);
    // Whoever made the commit says how long the name of its author is.
    return end < 0 ? readWritten(stateDirectory, commit)?.head : parseHead(bytes.subarray(0, end), stateDirectory, commit);
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function parseHead(line: Buffer, stateDirectory: string, commit: string): Head | undefined {
  const head = JSON.parse(line.toString()) as Head;
  return head.schema === schema && head.info.id === commit && areWhole(stateDirectory, head.segments) ? head : undefined;
}

/** Durable when it returns, with the segments, whose names it makes durable too. */
export function writeManifest(stateDirectory: string, manifest: Manifest): void {
  const { info, files, segments } = manifest;
  const names = Object.keys(segments);
  const positions = new Map(names.map((name, index) => [name, index]));
  const rows = files.map(({ path, executable, size, blob, sha256: digest, segment, offset }): Row => [
    path,
    executable ? 1 : 0,
    size,
    blob,
    digest,
    positions.get(segment) ?? -1,
    offset,
  ]);
  const text = JSON.stringify(rows);
  const head = { schema, info, segments: Object.entries(segments), rows: sha256(text) } satisfies Head;
  const file = manifestFile(stateDirectory, info.id);
  writeDurably(file, `${JSON.stringify(head)}\n${text}`);
  remember(file, signatureOf(file), manifest);
}

/** Revisions that stay in any case, the newest first: another process may be applying one. */
const mostRecent = 4;

/** Removes every revision but these and the newest, and the segments that none of them needs. */
export function pruneRevisions(stateDirectory: string, commits: readonly string[]): void {
  const directory = revisionsIn(stateDirectory);
  const names = readdirSync(directory);
  const recent = names
    .flatMap((name) => /^([0-9a-f]{40})\.json$/.exec(name)?.[1] ?? [])
    .map((commit) => ({ commit, time: statSync(manifestFile(stateDirectory, commit)).mtimeMs }))
    .sort((a, b) => b.time - a.time)
    .slice(0, mostRecent)
    .map(({ commit }) => commit);
  const heads = [...new Set([...commits, ...recent])].flatMap((commit) => readHead(stateDirectory, commit) ?? []);
  const needed = new Set(heads.flatMap(({ segments }) => segments.map(([name]) => name)));
  const isNeeded = (name: string): boolean => needed.has(name) || heads.some(({ info }) => name === `${info.id}.json`);
  const isOurs = (name: string): boolean => /^(?:[0-9a-f]{40,64}\.json(?:\.new)?|segment-[0-9a-f]+)$/.test(name);
  for (const name of names) if (isOurs(name) && !isNeeded(name)) rmSync(join(directory, name), { force: true });
}

export function makeRevisions(stateDirectory: string): void {
  mkdirSync(revisionsIn(stateDirectory), { recursive: true, mode: 0o700 });
}

/** Whatever needs this segment is not whole any more, in any process: the next fetch keeps it anew, and takes nothing over from it. */
export const dropSegment = (segment: string): void => rmSync(segment, { force: true });

const sizeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.size;
