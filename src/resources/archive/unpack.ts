import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { markerName } from './marker.ts';
import { unfit, type ArchiveEntry } from './entry.ts';

interface UnpackOptions {
  /** How many leading names of every path are left out, as for tar's option of that name. */
  readonly strip: number;
  /** Largest sum of what the files hold. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** -1 leaves it. */
  readonly uid: number;
  readonly gid: number;
  readonly signal: AbortSignal;
}

/**
 * Puts the entries into a directory that is there and empty, files durable: 0755 where the archive says executable, else 0644,
 * directories 0755. Throws, with a part of it done, for paths and links that lead out of it, names that come twice, and over
 * a limit. Nothing is ever written through a link.
 */
export async function unpack(entries: AsyncIterable<ArchiveEntry>, into: string, options: UnpackOptions): Promise<void> {
  const { strip, uid, gid, maxEntries, signal } = options;
  const links: { readonly path: string; readonly target: string }[] = [];
  const directories: string[] = [];
  let left = options.maxBytes;
  let count = 0;
  const makeDirectory = (path: string): void => {
    if (path === into || isDirectory(path)) return;
    makeDirectory(dirname(path));
    make(path, () => mkdirSync(path));
    chmodSync(path, 0o755);
    directories.push(path);
  };
  const placeOf = (path: string): string | undefined => {
    const names = namesOf(path, strip);
    return names.length === 0 ? undefined : join(into, ...names);
  };
  for await (const entry of entries) {
    signal.throwIfAborted();
    if (++count > maxEntries) throw unfit(`holds more than ${maxEntries} entries`);
    const path = placeOf(entry.path);
    if (path === undefined) continue;
    makeDirectory(entry.type === 'directory' ? path : dirname(path));
    if (entry.type === 'symbolic link') links.push({ path, target: entry.target });
    else if (entry.type === 'hard link') linkTo(path, placeOf(entry.target), entry);
    else if (entry.type === 'file') {
      left -= await writeFile(path, entry, left, options);
    }
  }
  // Last, so that nothing can have been written through one of them.
  for (const { path, target } of links) {
    if (target === '' || target.startsWith('/')) throw unfit(`holds a link to "${target}"`);
    make(path, () => symlinkSync(target, path));
    lchownSync(path, uid, gid);
  }
  const base = realpathSync.native(into);
  for (const { path, target } of links)
    if (!leadsInto(path, base)) throw unfit(`holds a link to "${target}", which is not in it`);
  // Whose it is can put a link in the place of what is in it: nothing comes into it any more.
  for (const path of directories.reverse()) lchownSync(path, uid, gid);
}

function namesOf(path: string, strip: number): readonly string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (path.startsWith('/') || names.includes('..') || path.includes('\0')) throw unfit(`holds "${path}", which leads out of it`);
  const left = names.slice(strip);
  if (left[0] === markerName) throw unfit(`holds "${path}", a name that is taken`);
  return left;
}

/** Gives the size. */
async function writeFile(
  path: string,
  { body, isExecutable }: ArchiveEntry,
  most: number,
  options: UnpackOptions,
): Promise<number> {
  const { uid, gid, signal } = options;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const descriptor = make(path, () => openSync(path, flags, 0o600));
  let size = 0;
  try {
    for await (const chunk of body) {
      signal.throwIfAborted();
      size += chunk.length;
      if (size > most) throw unfit(`holds more than the ${options.maxBytes} bytes that max_unpacked_mib allows`);
      writeFileSync(descriptor, chunk);
    }
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, isExecutable ? 0o755 : 0o644);
    fsyncSync(descriptor);
    return size;
  } finally {
    closeSync(descriptor);
  }
}

function linkTo(path: string, target: string | undefined, entry: ArchiveEntry): void {
  const found = target === undefined ? undefined : lstatSync(target, { throwIfNoEntry: false });
  if (target === undefined || !found?.isFile()) throw unfit(`holds a link to "${entry.target}", which is not in it`);
  make(path, () => linkSync(target, path));
}

const isDirectory = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function make<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') throw unfit(`holds something twice: ${path.split('/').at(-1)}`);
    throw error;
  }
}

function leadsInto(path: string, base: string): boolean {
  try {
    // Node's own way takes `link/..` for the place of the link; only the kernel knows where it leads.
    const real = realpathSync.native(path);
    return real === base || real.startsWith(`${base}/`);
  } catch {
    return false;
  }
}
