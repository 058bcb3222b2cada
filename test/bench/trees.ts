import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
  closeSync,
  readFileSync,
  readdirSync,
  renameSync,
} from 'node:fs';
import { join, relative } from 'node:path';

/** Regular files below a directory, relative, sorted. */
export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('.git/'))
    .sort();
}

/** Throws unless both directories hold the same files with the same bytes and the same executable bit. */
export function assertSame(source: string, target: string): void {
  const [wanted, found] = [filesBelow(source), filesBelow(target)];
  const extra = found.filter((path) => !wanted.includes(path) && !existsSync(join(source, path)));
  const wrong = wanted.filter((path) => {
    const [from, to] = [join(source, path), join(target, path)];
    if (!existsSync(to) || (lstatSync(from).mode ^ lstatSync(to).mode) & 0o100) return true;
    return !readFileSync(from).equals(readFileSync(to));
  });
  if (wrong.length + extra.length > 0)
    throw new Error(
      `${target}: ${wrong.length} of ${wanted.length} files are wrong, ${extra.length} too many (${wrong[0] ?? extra[0]})`,
    );
}

/** Edits one file in a hundred: half of them grow, half keep their size. Returns the paths, relative. */
export function drift(directory: string): readonly string[] {
  const edited = filesBelow(directory).filter((_, index) => index % 100 === 0);
  edited.forEach((path, index) => {
    const file = join(directory, path);
    if (index % 2 === 0) return appendFileSync(file, 'edited: by hand\n');
    const descriptor = openSync(file, 'r+');
    const first = Buffer.alloc(1);
    readSync(descriptor, first, 0, 1, 0);
    writeSync(descriptor, Buffer.from([first[0]! ^ 1]), 0, 1, 0);
    closeSync(descriptor);
  });
  return edited;
}

let moved = 0;

/**
 * Makes the directory empty. An old one is moved aside and not deleted: ext4 avoids inodes that were deleted in the last
 * minutes, and a first apply after deleting 10,000 files would be up to twenty times slower.
 */
export function renew(directory: string, work: string): void {
  const trash = join(work, 'trash');
  mkdirSync(trash, { recursive: true });
  if (existsSync(directory)) renameSync(directory, join(trash, String(moved++)));
  mkdirSync(directory, { recursive: true });
}

/** Writes out what earlier runs left dirty, so that the next one does not pay for it. */
export const settle = (): void => void execFileSync('sync');
