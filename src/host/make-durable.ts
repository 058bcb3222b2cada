import { closeSync, constants, fsync, openSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { dirname } from 'node:path';
import type { AbsolutePath } from './host.ts';
import { about, PathError } from './path-error.ts';

/** A file or a directory that must be on the disk before anything is built on it. */
interface Syncable {
  readonly path: AbsolutePath;
  /** Bytes that were written; 0 for a directory. */
  readonly size: number;
  /** Asked right before it is opened: where it is may hold for a moment only. */
  readonly locate: () => string;
}

/** From this many on, one `sync` of their filesystem is quicker than an fsync of each (src/decisions/0074). */
const many = 64;
/** Bytes of other programs that may be written out along the way. */
const mostOfOthers = 64 * 1024 * 1024;
/** How many fsync calls may be in flight at once; they share the filesystem's journal commits. Each holds a descriptor. */
const width = 512;
const timeout = 10 * 60_000;
/** Types as statfs(2) has them, of which syncfs(2) is known to do what fsync does: ext2 to ext4, xfs, btrfs. */
const wellKnown = new Set([0xef53, 0x58465342, 0x9123683e]);

/** Makes all of them durable. Throws for the first that cannot be, by its path. `flag`: how each must be opened. */
export async function makeDurable(items: readonly Syncable[], flag: number, signal: AbortSignal): Promise<void> {
  if (items.length >= many && (await syncFilesystems(items, flag, signal))) return;
  for (let first = 0; first < items.length; first += width) {
    const open: { path: AbsolutePath; descriptor: number }[] = [];
    try {
      for (const { path, locate } of items.slice(first, first + width))
        open.push({ path, descriptor: about(path, () => openSync(locate(), constants.O_RDONLY | flag)) });
      const results = await Promise.allSettled(open.map(syncDescriptor));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    } finally {
      for (const { descriptor } of open) closeSync(descriptor);
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
async function syncFilesystems(items: readonly Syncable[], flag: number, signal: AbortSignal): Promise<boolean> {
  const own = items.reduce((sum, { size }) => sum + size, 0);
  const unwritten = readUnwritten();
  if (!tellsOfErrors() || unwritten === undefined || unwritten - own > mostOfOthers) return false;
  // What stands in the same directory stands on the same filesystem, but what is mounted there.
  const ofPlaces = new Map(items.map((item) => [flag === constants.O_DIRECTORY ? item.path : dirname(item.path), item]));
  const ofDevices = new Map([...ofPlaces.values()].map((item) => [about(item.path, () => statSync(item.locate()).dev), item]));
  const isKnown = ({ path, locate }: Syncable): boolean => wellKnown.has(about(path, () => statfsSync(locate()).type));
  if (![...ofDevices.values()].every(isKnown)) return false;
  const ways = [...ofDevices.values()].map(({ locate }) => locate().replace('/proc/self/', `/proc/${process.pid}/`));
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
