import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import { sha256 } from '../model/json.ts';
import { readAccounts } from './accounts.ts';
import type { AbsolutePath, HostReader, PathStat } from './host.ts';
import type { StatIndex } from './stat-index.ts';

const defaultLimit = 64 * 1024 * 1024;
const formatMask = 0o170000;
const types: Readonly<Record<number, PathStat['type']>> = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'link' };

export interface ReaderOptions {
  /** Absolute, existing; every path is prefixed with it and nothing is run. */
  readonly root?: string;
  /** Lets `digest` answer for files that have not moved. */
  readonly index?: StatIndex;
  /** Filled with what `digest` found out. */
  readonly digests?: Map<AbsolutePath, string>;
  /** Whether owners can be set. Default: running as root. */
  readonly privileged?: boolean;
}

/** Reads this machine, or a directory that stands for one. */
export function openLocalReader({ root, index, digests, privileged }: ReaderOptions): HostReader {
  const prefix = root === undefined ? '' : realpathSync(root).replace(/\/$/, '');
  const accounts = readAccounts(prefix);
  const realPath = (path: AbsolutePath): string => prefix + path;
  return {
    live: root === undefined,
    privileged: privileged ?? process.geteuid?.() === 0,
    ...accounts,
    realPath,
    stat(path) {
      const stat = lstatSync(realPath(path), { throwIfNoEntry: false });
      if (!stat) return undefined;
      const { size, mode, uid, gid, nlink } = stat;
      return { type: types[mode & formatMask] ?? 'other', size, mode: mode & 0o7777, uid, gid, links: nlink };
    },
    readFile: (path, limit = defaultLimit) => readRegularFile(realPath(path), path, limit),
    readLink: (path) => absentAs(undefined, () => readlinkSync(realPath(path))),
    list: (path) => absentAs(undefined, () => readdirSync(realPath(path)).sort()),
    digest(path) {
      const digest = index?.digest(path) ?? digestOfFile(realPath(path), path);
      if (digest !== undefined) digests?.set(path, digest);
      return digest;
    },
    async query(argv, signal, options) {
      if (root !== undefined) throw new Error(`${argv[0]}: nothing is run under --root`);
      const { runCommand } = await import('./run-command.ts');
      return runCommand(argv, options ?? {}, signal);
    },
  };
}

function absentAs<T>(absent: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return absent;
    throw error;
  }
}

function digestOfFile(real: string, shown: string): string | undefined {
  const content = readRegularFile(real, shown, defaultLimit);
  return content && sha256(content);
}

/** O_NONBLOCK: opening a fifo must not wait for a writer; what it is, is decided on the open descriptor. */
function readRegularFile(real: string, shown: string, limit: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw new Error(`${shown} is a symbolic link, not a regular file`, { cause: error });
    throw error;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error(`${shown} is not a regular file`);
    if (stat.size > limit) throw new Error(`${shown} has ${stat.size} bytes; at most ${limit} are read`);
    return readAll(descriptor, stat.size);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads to the end, whatever the size said: files of /proc say 0, and a file may grow meanwhile. */
function readAll(descriptor: number, expected: number): Buffer {
  let buffer = Buffer.allocUnsafeSlow(expected + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafeSlow(buffer.length)]);
  }
}
