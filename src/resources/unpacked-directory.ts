import { randomUUID } from 'node:crypto';
import {
  closeSync,
  createWriteStream,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Host, HostReader } from '../host/host.ts';
import { lastLines } from '../model/last-lines.ts';
import { digestTree, markerName, parseMarker, type Marker } from './archive/marker.ts';
import { openArchive, type ArchiveFormat } from './archive/open-archive.ts';
import { unpack } from './archive/unpack.ts';
import { fetchFile, type WantedFile } from './fetch-file.ts';

/** How an archive becomes a directory. */
export interface Extraction {
  readonly format: ArchiveFormat;
  readonly strip: number;
  /** Bytes of all files together. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** What `download` has unpacked at a path. Undefined: nothing, or something of somebody else. */
export function readUnpacked(path: string, host: HostReader): (Marker & { readonly isWhole: boolean }) | undefined {
  if (host.stat(path)?.type !== 'directory' || host.stat(`${path}/${markerName}`)?.type !== 'file') return undefined;
  const marker = parseMarker(host.readFile(`${path}/${markerName}`, 4096)?.toString());
  return marker && { ...marker, isWhole: digestTree(host.realPath(path)) === marker.tree };
}

/** Beside the directory, so that a rename is all it takes. One version before is kept: a rollback brings it back. */
const placesOf = (path: string) => {
  const beside = `${dirname(path)}/.${basename(path)}`.replace(/^\/\//, '/');
  return { archive: `${beside}.archive`, fresh: `${beside}.fresh`, before: `${beside}.before` };
};

/** Every path that is written, for policy. */
export const unpackedPaths = (path: string): readonly string[] => [path, ...Object.values(placesOf(path))];

/** Fetches, unpacks beside, and takes the place of what stands there, which is then the version before. */
export async function replaceUnpacked(
  path: string,
  wanted: WantedFile,
  extraction: Extraction,
  owner: { readonly uid?: number; readonly gid?: number },
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  const { strip, maxBytes, maxEntries } = extraction;
  const real = realPlaces(path, host);
  const { uid = -1, gid = -1 } = owner;
  clear(real.archive, real.fresh);
  try {
    if (!host.stat(dirname(path))) host.makeDirectory(dirname(path), { mode: 0o755 });
    await fetchFile(wanted, (chunks) => save(chunks, real.archive), signal);
    const entries = await open(path, extraction, host, signal);
    mkdirSync(real.fresh, { mode: 0o755 });
    await unpack(entries, real.fresh, { strip, maxBytes, maxEntries, uid, gid, signal });
    const marker: Marker = {
      schema: 'reconcile.unpacked/1',
      id: randomUUID(),
      sha256: wanted.sha256,
      strip,
      tree: digestTree(real.fresh),
    };
    writeFileSync(`${real.fresh}/${markerName}`, `${JSON.stringify(marker)}\n`, { mode: 0o644, flush: true });
    lchownSync(real.fresh, uid, gid);
    syncDirectories(real.fresh);
    clear(real.archive);
    clear(real.before);
    if (host.stat(path)) renameSync(real.path, real.before);
    renameSync(real.fresh, real.path);
  } catch (error) {
    clear(real.archive, real.fresh);
    throw error;
  }
  // Counts as a write, and makes the names durable with the others of the run.
  host.setMode(path, 0o755);
}

/** It stays beside as the version before. */
export function removeUnpacked(path: string, host: Host): void {
  const real = realPlaces(path, host);
  clear(real.before);
  renameSync(real.path, real.before);
  host.removeDirectory(path);
}

/** Makes what stands at the path the time of unpacking `id` again; null: nothing. Throws when that one is not kept any more. */
export function restoreUnpacked(path: string, id: string | null, host: Host): 'unchanged' | undefined {
  const real = realPlaces(path, host);
  clear(real.archive, real.fresh);
  const now = readUnpacked(path, host)?.id ?? null;
  if (now === id && (id !== null || !host.stat(path))) return 'unchanged';
  const { before } = placesOf(path);
  const isKept = id !== null && readUnpacked(before, host)?.id === id;
  if (id !== null && !isKept) throw new Error(`${path}: what was unpacked there before is not kept any more`);
  // Only what was unpacked by this kind: nothing else can have come there since.
  if (now !== null) clear(real.path);
  if (isKept) {
    renameSync(real.before, real.path);
    host.setMode(path, 0o755);
  } else {
    host.removeDirectory(path);
  }
  return undefined;
}

const realPlaces = (path: string, host: HostReader) => {
  assertPlainParents(path, host);
  const { archive, fresh, before } = placesOf(path);
  return {
    path: host.realPath(path),
    archive: host.realPath(archive),
    fresh: host.realPath(fresh),
    before: host.realPath(before),
  };
};

/** Nothing is written through a link. */
function assertPlainParents(path: string, host: HostReader): void {
  for (let parent = dirname(path); parent !== '/'; parent = dirname(parent)) {
    const type = host.stat(parent)?.type;
    if (type !== undefined && type !== 'directory') throw new Error(`${parent} is a ${type}, and ${path} would be behind it`);
  }
}

async function save(chunks: AsyncIterable<Uint8Array>, real: string): Promise<void> {
  // Of a try that broke off.
  clear(real);
  await pipeline(Readable.from(chunks), createWriteStream(real, { flags: 'wx', mode: 0o600 }));
}

/** Node knows no xz: that one is unpacked by its program, in its place, to a bounded size. */
async function open(path: string, { format, maxBytes, maxEntries }: Extraction, host: Host, signal: AbortSignal) {
  const { archive } = placesOf(path);
  if (format !== 'tar.xz') return openArchive(host.realPath(archive), format);
  const packed = `${host.realPath(archive)}.xz`;
  renameSync(host.realPath(archive), packed);
  try {
    // Three blocks of a tar archive beside what an entry holds: its header, a long name, padding.
    const most = maxBytes + maxEntries * 3 * 512;
    const argv = ['prlimit', `--fsize=${most}`, '--', 'xz', '--decompress', '--memlimit-decompress=256MiB', '--', packed];
    const { exitCode, stderr } = await host.run(argv as [string, ...string[]], signal, { timeout: 10 * 60_000 });
    if (exitCode !== 0) throw new Error(`the archive cannot be unpacked by xz: ${lastLines(stderr.trim()) || 'it is too large'}`);
  } finally {
    clear(packed);
  }
  return openArchive(host.realPath(archive), 'tar');
}

/** The directory and all below it, through no link; files are durable by then. */
function syncDirectories(real: string): void {
  for (const entry of readdirSync(real, { withFileTypes: true }))
    if (entry.isDirectory()) syncDirectories(join(real, entry.name));
  const descriptor = openSync(real, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function clear(...reals: readonly string[]): void {
  for (const real of reals) rmSync(real, { recursive: true, force: true });
}
