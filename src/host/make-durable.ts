import { closeSync, fsync, readFileSync, statfsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import type { AbsolutePath } from './host.ts';
import { mostOpen } from './open-files.ts';
import { about, PathError } from './path-error.ts';

/** A file or a directory that must be on the disk before anything is built on it. */
interface Syncable {
  readonly path: AbsolutePath;
  /** Bytes that were written; 0 for a directory. */
  readonly size: number;
  /** The directory that it is, or is in. */
  readonly directory: AbsolutePath;
  /** Opens the file or directory itself. */
  readonly open: () => number;
}

/** From this many on, one `sync` of their filesystem is quicker than an fsync of each (src/decisions/0074). */
const many = 64;
/** Bytes of other programs that may be written out along the way. */
const mostOfOthers = 64 * 1024 * 1024;
/** How many fsync calls may be in flight at once; they share the filesystem's journal commits. Each holds a descriptor. */
const wantedWidth = 512;
const timeout = 10 * 60_000;
/** Types as statfs(2) has them, of which syncfs(2) is known to do what fsync does: ext2 to ext4, xfs, btrfs. */
const wellKnown = new Set([0xef53, 0x58465342, 0x9123683e]);

/** Where a directory is; asked right before that is used, since it may hold for a moment only. */
type Locate = (directory: AbsolutePath) => string;

/** Makes all of them durable. Throws for the first that cannot be, by its path. */
export async function makeDurable(items: readonly Syncable[], locate: Locate, signal: AbortSignal): Promise<void> {
  if (items.length >= many && (await syncFilesystems(items, locate, signal))) return;
  const width = mostOpen(wantedWidth);
  for (let first = 0; first < items.length; first += width) {
    const opened: { path: AbsolutePath; descriptor: number }[] = [];
    try {
      for (const { path, open } of items.slice(first, first + width)) opened.push({ path, descriptor: about(path, open) });
      const results = await Promise.allSettled(opened.map(syncDescriptor));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    } finally {
      for (const { descriptor } of opened) closeSync(descriptor);
    }
  }
}

const syncDescriptor = ({ path, descriptor }: { readonly path: AbsolutePath; readonly descriptor: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    fsync(descriptor, (error) => (error ? reject(new PathError(path, error)) : resolve()));
  });

/**
 * Writes out the filesystems that they stand on. False where that could take long, because others have left much to write, where
 * a filesystem may do less for it than for an fsync (one of another machine, or of a program), where it failed, which says nothing
 * of whose file it was, or where there is no such program.
 */
async function syncFilesystems(items: readonly Syncable[], locate: Locate, signal: AbortSignal): Promise<boolean> {
  const own = items.reduce((sum, { size }) => sum + size, 0);
  const unwritten = readUnwritten();
  if (!tellsOfErrors() || unwritten === undefined || unwritten - own > mostOfOthers) return false;
  // What was made in a directory stands on its filesystem; what has its name by now may be a link to another one.
  const directories = [...new Set(items.map(({ directory }) => directory))];
  const ofDevices = new Map(directories.map((path) => [about(path, () => statSync(locate(path)).dev), path]));
  const isKnown = (path: AbsolutePath): boolean => wellKnown.has(about(path, () => statfsSync(locate(path)).type));
  if (![...ofDevices.values()].every(isKnown)) return false;
  const ways = [...ofDevices.values()].map((path) => locate(path).replace('/proc/self/', `/proc/${process.pid}/`));
  const { runCommand } = await import('./run-command.ts');
  try {
    const { exitCode } = await runCommand(['sync', '--file-system', ...ways], { timeout }, signal);
    return exitCode === 0;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** Before Linux 5.8 what could not be written was nothing that syncfs(2) spoke of. */
function tellsOfErrors(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 8);
}

/** Bytes in memory that are still to be written to disks; undefined where the system does not tell. */
function readUnwritten(): number | undefined {
  try {
    const lines = readFileSync('/proc/meminfo', 'utf8').matchAll(/^(?:Dirty|Writeback): +(\d+) kB$/gm);
    return [...lines].reduce((sum, [, size]) => sum + Number(size) * 1024, 0);
  } catch {
    return undefined;
  }
}
