import { resolve } from 'node:path';
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  type BigIntStats,
} from 'node:fs';
import { sha256 } from '../model/json.ts';
import { lfsPointer } from '../model/lfs-pointer.ts';
import type { Problem } from '../model/problem.ts';
import { isEncrypted, vaultHeader } from '../model/vault-header.ts';
import { digestFile } from './digest-file.ts';
import { readHead } from './git-head.ts';
import { lineBreak, sourceDirectories, treeBounds } from './tree-bounds.ts';
import { unmergedPaths } from './unmerged-paths.ts';
import type { PathSignature, Revision, Source, SourceFile, SourceTree } from '../model/revision.ts';

const formatMask = 0o170000n;
const regular = 0o100000n;
const directory = 0o040000n;
/** A source changed within this time could change again without a trace in its timestamps. */
const tickNs = 10_000_000n;

/** A working tree as the source of runs: what stands in the directory, committed or not. */
export const workingTree = (path: string): Source => ({
  identity: resolve(path),
  workingTree: true,
  head: () => readHead(path),
  open: () => openWorkingTree(path),
  reopen: (key) => reopenWorkingTree(path, key),
});

function reopenWorkingTree(path: string, key: string): Revision {
  const root = realpathSync(path);
  const files = filesIn(root, [], () => true);
  return { ...readHead(root), workingTree: true, key, files, root, watched: new Map(), problems: [] };
}

/**
 * The working tree of a repository as a revision, uncommitted changes included. Its key is made of stat signatures, so that
 * finding out that nothing changed reads no file. Links, devices and what cannot be read are problems; nothing is read
 * through a link, so that a repository shows only what is in it.
 */
export function openWorkingTree(path: string): Revision {
  const root = realpathSync(path);
  const files: SourceFile[] = [];
  const watched = new Map<string, PathSignature | undefined>();
  const signatures: string[] = [];
  const now = BigInt(Date.now()) * 1_000_000n;
  let isRacy = false;
  const problems: Problem[] = [];
  const isReadable = readability();
  const submodules = submodulesOf(root);
  const refuse = (file: string, message: string, code: Problem['code'] = 'not-a-file'): void => {
    // Part of the key: a catalog that was made without it must not be taken for this one's.
    signatures.push(`refused ${file}`);
    if (problems.length < treeBounds.problems) problems.push({ code, message, at: { file, line: 1, column: 1 } });
  };
  const walk = (relative: string, own: PathSignature): void => {
    watched.set(`${root}/${relative}/`, own);
    const entries = namesIn(`${root}/${relative}`, (why) => refuse(relative, why));
    // Taken for an empty directory it would remove from hosts what it has brought.
    if (entries.length === 0 && submodules.has(relative)) refuse(relative, 'a submodule that is not checked out');
    for (const entry of entries) {
      if (entry === '.git' || entry.startsWith('.agent-')) continue;
      if (files.length >= treeBounds.files) return;
      const name = `${relative}/${entry}`;
      if (lineBreak.test(entry)) {
        refuse(name, 'its name has a line break');
        continue;
      }
      const stat = statOf(`${root}/${name}`, (why) => refuse(name, why));
      if (!stat) continue;
      const type = stat.mode & formatMask;
      if (type === directory) {
        walk(name, stat);
        continue;
      }
      if (type !== regular) {
        refuse(name, 'not a regular file; links and devices are not read from a repository');
        continue;
      }
      if (!isReadable(stat)) {
        refuse(name, 'this user may not read it');
        continue;
      }
      if (stat.size > treeBounds.largestFile) {
        refuse(name, `the file has ${stat.size} bytes; expected at most ${treeBounds.largestFile}`, 'too-large');
        continue;
      }
      watched.set(`${root}/${name}`, stat);
      files.push({ path: name, executable: (stat.mode & 0o100n) !== 0n, size: Number(stat.size) });
      isRacy ||= stat.ctimeNs > now - tickNs;
      signatures.push(`${name}\0${stat.mode} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`);
    }
  };
  for (const file of unmergedPaths(root)) refuse(file, 'unmerged in git; finish the merge or rebase first', 'unmerged');
  for (const name of sourceDirectories) {
    const stat = lstatSync(`${root}/${name}`, { bigint: true, throwIfNoEntry: false });
    if (stat?.isDirectory()) walk(name, stat);
    else watched.set(`${root}/${name}/`, undefined);
    if (stat && !stat.isDirectory()) refuse(name, 'not a directory; links are not followed in a repository');
  }
  if (files.length >= treeBounds.files) {
    const message = `the repository has ${treeBounds.files} files or more in ${sourceDirectories.join(', ')}`;
    problems.push({ code: 'too-large', message });
  }
  // A racy source makes a key that never comes back.
  const key = sha256(`${signatures.join('\n')}${isRacy ? ` racy ${now}` : ''}`);
  return { ...readHead(root), workingTree: true, key, files: sourceTree(root, files), root, watched, problems };
}

/** Directories for which git has another repository, as far as its own file says so in words that need no quotes. */
function submodulesOf(root: string): ReadonlySet<string> {
  const file = `${root}/.gitmodules`;
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > treeBounds.largestFile) return new Set();
  const paths = readFileSync(file, 'utf8').matchAll(/^[ \t]*path[ \t]*=(.*)$/gm);
  return new Set(Array.from(paths, ([, path]) => path!.trim()));
}

/** Names of a directory; of one that cannot be listed none, and `refuse` is told why. */
function namesIn(path: string, refuse: (why: string) => void): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    refuse(`cannot be listed: ${(error as NodeJS.ErrnoException).code}`);
    return [];
  }
}

function statOf(path: string, refuse: (why: string) => void): BigIntStats | undefined {
  try {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    // Node puts U+FFFD for bytes that are not UTF-8, and such a name leads nowhere.
    if (!stat && path.includes('\ufffd')) refuse('its name is not UTF-8');
    return stat;
  } catch (error) {
    refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    return undefined;
  }
}

/** Whether this user may read a file, by its mode bits: asking the system about each would cost as much as listing it. */
function readability(): (stat: BigIntStats) => boolean {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return () => true;
  const groups = new Set([process.getegid?.(), ...(process.getgroups?.() ?? [])]);
  return ({ mode, uid, gid }) => {
    const bit = Number(uid) === user ? 0o400n : groups.has(Number(gid)) ? 0o040n : 0o004n;
    return (mode & bit) !== 0n;
  };
}

function sourceTree(root: string, files: readonly SourceFile[]): SourceTree {
  const known = new Set(files.map(({ path }) => path));
  return filesIn(root, files, (path) => known.has(path));
}

function filesIn(root: string, files: readonly SourceFile[], isKnown: (path: string) => boolean): SourceTree {
  return {
    list: (prefix) => files.filter(({ path }) => path.startsWith(`${prefix}/`)),
    read: (path) => (isKnown(path) ? readFileSync(`${root}/${path}`) : undefined),
    digest: (path) => (isKnown(path) ? digestOf(`${root}/${path}`) : undefined),
    isEncrypted: (path) => isKnown(path) && isEncrypted(startOf(`${root}/${path}`, vaultHeader.length)),
  };
}

function startOf(file: string, length: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Pointers of a commit are refused before it is a revision. */
function digestOf(file: string): ReturnType<SourceTree['digest']> {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > lfsPointer.largest) return digestFile(descriptor, size);
    const bytes = readFileSync(descriptor);
    const isPointer = lfsPointer.form.test(bytes.toString('latin1'));
    return { sha256: sha256(bytes), size: bytes.length, ...(isPointer && { isPointer }) };
  } finally {
    closeSync(descriptor);
  }
}
