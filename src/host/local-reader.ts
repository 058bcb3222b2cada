import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  type BigIntStats,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path/posix';
import { sha256 } from '../model/json.ts';
import { largestUndo } from '../model/undo-limit.ts';
import { digestFile } from '../source/digest-file.ts';
import { readAccounts } from './accounts.ts';
import type { AbsolutePath, HostReader, PathStat } from './host.ts';
import { openMounts } from './mounts.ts';
import { openParsedFiles } from './parsed-files.ts';
import { typeAndMode } from './path-type.ts';
import { readRegularFile, useRegularFile } from './regular-file.ts';
import { digestOfNames, type StatIndex } from './stat-index.ts';
import { usePath } from './use-path.ts';

const defaultLimit = 64 * 1024 * 1024;
const immutable = 'it is immutable (chattr -i lifts that)';
const appendOnly = 'it can only be appended to (chattr -a lifts that)';
const unwritableReasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EROFS: 'its filesystem is read-only',
  EPERM: immutable,
};

/** Where this process cannot write, and why. */
type Wall = NonNullable<ReturnType<HostReader['unwritable']>>;

export interface ReaderOptions {
  /** Absolute, existing; every path is prefixed with it and nothing is run. */
  readonly root?: string | undefined;
  /** Lets `digest` answer for files that have not moved. */
  readonly index?: StatIndex;
  /** A look at the host that was made a moment ago: what it has is not asked again. */
  readonly looked?: StatIndex | undefined;
  /** Filled with the digests of what was read: files, targets of links, and names of directories under their path with a `/`. */
  readonly digests?: Map<AbsolutePath, string>;
  /** Whether owners can be set. Default: running as root. */
  readonly privileged?: boolean;
  /** Where contents and targets of links are read. Default: by their path, which is enough where nothing is written from them. */
  readonly locate?: (path: AbsolutePath) => string;
}

/** Reads this machine, or a directory that stands for one. */
export function openLocalReader({ root, index, looked, digests, privileged, locate }: ReaderOptions): HostReader {
  const prefix = root === undefined ? '' : realpathSync(root).replace(/\/$/, '');
  const realPath = (path: AbsolutePath): string => prefix + path;
  const place = locate ?? realPath;
  const readStanding: HostReader['readStanding'] = (path, limit = defaultLimit) => {
    const found = readRegularFile(() => place(path), path, limit);
    const standing = found && { stat: pathStat(found.stat), bytes: found.bytes };
    if (standing) digests?.set(path, sha256(standing.bytes));
    return standing;
  };
  const readFile: HostReader['readFile'] = (path, limit) => readStanding(path, limit)?.bytes;
  const accounts = readAccounts(readFile, root === undefined);
  // Ten thousand paths have few directories.
  const walls = new Map<AbsolutePath, Wall | undefined>();
  const lstatAt = (path: AbsolutePath) => unlessAbsent(() => lstatSync(realPath(path), { throwIfNoEntry: false }));
  const wallAt = (directory: AbsolutePath): Wall | undefined => {
    if (walls.has(directory)) return walls.get(directory);
    const isThere = directory === '/' || lstatAt(directory) !== undefined;
    const wall = isThere ? wallOf(directory, realPath(directory)) : wallAt(dirname(directory));
    walls.set(directory, wall);
    return wall;
  };
  const mountAt = openMounts();
  // Who asks for a digest has mostly just asked what stands there.
  let seen: { readonly path: string; readonly stat: BigIntStats } | undefined;
  return {
    live: root === undefined,
    privileged: privileged ?? process.geteuid?.() === 0,
    ...accounts,
    realPath,
    usePath: (path, use) => usePath(realPath(path), prefix, use),
    stat(path) {
      const known = looked?.stat(path);
      if (known !== undefined) return known ?? undefined;
      const stat = unlessAbsent(() => lstatSync(realPath(path), { bigint: true, throwIfNoEntry: false }));
      if (!stat) return undefined;
      seen = { path, stat };
      return pathStat(stat);
    },
    readFile,
    readStanding,
    parsed: openParsedFiles({ realPath, readFile }),
    readLink(path) {
      const target = unlessAbsent(() => readlinkSync(place(path)));
      if (target !== undefined) digests?.set(path, digestOfNames([target]));
      return target;
    },
    list(path) {
      const names = unlessAbsent(() => readdirSync(realPath(path)).sort());
      if (names) digests?.set(path.replace(/\/?$/, '/'), digestOfNames(names));
      return names;
    },
    digest(path) {
      const known = index?.digest(path, seen?.path === path ? seen.stat : looked);
      const { digest = known, large } = known === undefined ? digestOfFile(() => place(path), path) : {};
      if (digest !== undefined) digests?.set(path, digest);
      return digest ?? large;
    },
    unwritable(path, what) {
      const stat = lstatAt(path);
      if ((stat?.isFile() || stat?.isDirectory()) && isImmutable(realPath(path))) return { where: path, reason: immutable };
      if (stat?.isFile() && isAppendOnly(realPath(path))) return { where: path, reason: appendOnly };
      if (what === 'by-program') return undefined;
      const uid = process.geteuid?.();
      // Anything else that changes hands is replaced.
      if (stat && what !== 'content' && (what === 'mode' || stat.isDirectory()))
        return stat.uid === uid || uid === 0
          ? undefined
          : { where: path, reason: `it belongs to ${accounts.userName(stat.uid)}` };
      return wallAt(dirname(path));
    },
    mountAt: (path) => mountAt(realPath(path)),
    async query(argv, signal, options) {
      if (root !== undefined) throw new Error(`${argv[0]}: nothing is run under --root`);
      const { runCommand } = await import('./run-command.ts');
      return runCommand(argv, options ?? {}, signal);
    },
  };
}

function wallOf(directory: AbsolutePath, real: string): Wall | undefined {
  try {
    // What else is in the way is told by what stands there.
    if (!statSync(real).isDirectory()) return undefined;
    accessSync(real, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const reason = unwritableReasons[(error as NodeJS.ErrnoException).code ?? ''];
    return reason === undefined ? undefined : { where: directory, reason };
  }
}

/** Neither replaced nor removed, by nobody. It is told before rights are looked at, which say nothing about who may replace a file. */
function isImmutable(real: string): boolean {
  try {
    accessSync(real, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The same, found by opening it for writing: rights say nothing of that, and nothing is written. */
function isAppendOnly(real: string): boolean {
  try {
    closeSync(openSync(real, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined;
    throw error;
  }
}

const pathStat = ({ mode, size, uid, gid, nlink }: Stats | BigIntStats): PathStat => ({
  ...typeAndMode(Number(mode)),
  size: Number(size),
  uid: Number(uid),
  gid: Number(gid),
  links: Number(nlink),
});

/** `large` instead of a digest: whose file it is can make it so large that reading it takes hours. */
const digestOfFile = (real: () => string, shown: string): { readonly digest?: string; readonly large?: string } =>
  useRegularFile(
    real,
    shown,
    (descriptor, { size }) => (size > largestUndo ? { large: `${size} bytes` } : { digest: digestFile(descriptor, size).sha256 }),
    Infinity,
  ) ?? {};
