import { randomUUID } from 'node:crypto';
import {
  chownSync,
  closeSync,
  createWriteStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path/posix';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Host, HostReader } from '../host/host.ts';
import { SafeDirectories } from '../host/safe-directories.ts';
import { lastLines } from '../model/last-lines.ts';
import { digestTree, markerName, parseMarker, type Marker } from './archive/marker.ts';
import { openArchive, type ArchiveFormat } from './archive/open-archive.ts';
import { unpack } from './archive/unpack.ts';
import { fetchFile, type WantedFile } from './fetch-file.ts';
import { pathsBelow } from './paths-below.ts';
import type { Restored } from './resource-type.ts';

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
  const marker = readMarker(path, host);
  return marker && { ...marker, isWhole: digestTree(host.realPath(path)) === marker.tree };
}

function readMarker(path: string, host: HostReader): Marker | undefined {
  if (host.stat(path)?.type !== 'directory' || host.stat(`${path}/${markerName}`)?.type !== 'file') return undefined;
  return parseMarker(host.readFile(`${path}/${markerName}`, 4096)?.toString());
}

/** Where something of somebody else has the place of the version before: `git` moves work of others there. */
export function strangerBeside(path: string, host: HostReader): string | undefined {
  const { before } = placesOf(path);
  return host.stat(before) && !readMarker(before, host) ? before : undefined;
}

/** Beside the directory, so that a rename is all it takes. One version before is kept: a rollback brings it back. */
const placesOf = (path: string) => {
  const beside = `${dirname(path)}/.${basename(path)}`.replace(/^\/\//, '/');
  return { archive: `${beside}.archive`, fresh: `${beside}.fresh`, before: `${beside}.before` };
};

/** Every path that is written, for policy; with a host also what goes with a directory whose place is taken. */
export const unpackedPaths = (path: string, host?: HostReader): readonly string[] =>
  [path, ...Object.values(placesOf(path))].flatMap((place) => pathsBelow(place, host));

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
  if (!host.stat(dirname(path))) host.makeDirectory(dirname(path), { mode: 0o755 });
  using real = openPlaces(path, host);
  const { uid = -1, gid = -1 } = owner;
  clear(real.archive, real.fresh);
  try {
    await fetchFile(wanted, (chunks) => save(chunks, real.archive), signal);
    const entries = await open(real.archive, extraction, host, signal);
    mkdirSync(real.fresh, { mode: 0o755 });
    const fresh = real.openFresh();
    await unpack(entries, fresh, { strip, maxBytes, maxEntries, uid, gid, signal });
    const marker: Marker = {
      schema: 'reconcile.unpacked/1',
      id: randomUUID(),
      sha256: wanted.sha256,
      strip,
      tree: digestTree(fresh),
    };
    writeFileSync(`${fresh}/${markerName}`, `${JSON.stringify(marker)}\n`, { mode: 0o644, flush: true });
    chownSync(fresh, uid, gid);
    syncDirectories(fresh);
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
  using real = openPlaces(path, host);
  clear(real.before);
  renameSync(real.path, real.before);
  host.removeDirectory(path);
}

/**
 * Makes what stands at the path the time of unpacking `id` again; null: nothing. Where that one is not kept any more what stands there
 * stays, and is told: the next run fetches it again, and an error would keep every run from it.
 */
export function restoreUnpacked(path: string, id: string | null, host: Host): Restored {
  const lost = { aside: [`${path} stays as it is: what was unpacked there before is not kept any more`] };
  // Nothing is beside it where even its directory has gone.
  if (!host.stat(dirname(path))) return id === null ? 'unchanged' : lost;
  using real = openPlaces(path, host);
  clear(real.archive, real.fresh);
  const now = readUnpacked(path, host)?.id ?? null;
  if (now === id && (id !== null || !host.stat(path))) return 'unchanged';
  const { before } = placesOf(path);
  const isKept = id !== null && readUnpacked(before, host)?.id === id;
  if (id !== null && !isKept) return lost;
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

/** Through no link, whoever owns the directory that they are in and puts another there meanwhile. */
function openPlaces(path: string, host: HostReader) {
  const directories = new SafeDirectories(host.realPath('/').replace(/\/$/, ''));
  const at = (place: string): string => directories.child(dirname(place), basename(place));
  const { archive, fresh, before } = placesOf(path);
  return {
    path: at(path),
    archive: at(archive),
    fresh: at(fresh),
    before: at(before),
    /** The directory itself, that was just made. */
    openFresh() {
      const opened = directories.located(fresh);
      if (statSync(opened).uid !== process.geteuid?.())
        throw new Error(`somebody else has replaced ${fresh}, which this run made`);
      return opened;
    },
    [Symbol.dispose]: () => directories.close(),
  };
}

async function save(chunks: AsyncIterable<Uint8Array>, real: string): Promise<void> {
  // Of a try that broke off.
  clear(real);
  await pipeline(Readable.from(chunks), createWriteStream(real, { flags: 'wx', mode: 0o600 }));
}

/** Node knows no xz: that one is unpacked by its program, in its place, to a bounded size. */
async function open(archive: string, { format, maxBytes, maxEntries }: Extraction, host: Host, signal: AbortSignal) {
  if (format !== 'tar.xz') return openArchive(archive, format);
  const packed = `${archive}.xz`;
  renameSync(archive, packed);
  try {
    // Three blocks of a tar archive beside what an entry holds: its header, a long name, padding.
    const most = maxBytes + maxEntries * 3 * 512;
    const file = packed.replace('/proc/self/', `/proc/${process.pid}/`);
    const argv = ['prlimit', `--fsize=${most}`, '--', 'xz', '--decompress', '--memlimit-decompress=256MiB', '--', file];
    const { exitCode, stderr } = await host.run(argv as [string, ...string[]], signal, { timeout: 10 * 60_000 });
    if (exitCode !== 0) throw new Error(`the archive cannot be unpacked by xz: ${lastLines(stderr.trim()) || 'it is too large'}`);
  } finally {
    clear(packed);
  }
  return openArchive(archive, 'tar');
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
