import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { PathError } from './path-error.ts';

/** The bytes of a file with what it was when it was opened. As `useRegularFile` finds it. */
export const readRegularFile = (
  real: () => string,
  shown: string,
  limit: number,
): { readonly stat: Stats; readonly bytes: Buffer } | undefined =>
  useRegularFile(real, shown, (descriptor, stat) => ({ stat, bytes: readAll(descriptor, stat.size, shown, limit) }), limit);

/**
 * Opens a file through no link at its name. Undefined where there is none; throws, with the path as `shown`, for what is none and for
 * more than `limit` bytes. O_NONBLOCK: opening a fifo must not wait for a writer; what it is, is decided on the open descriptor.
 */
export function useRegularFile<T>(
  real: () => string,
  shown: string,
  use: (descriptor: number, stat: Stats) => T,
  limit: number,
): T | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(real(), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw new Error(`${shown} is a symbolic link, not a regular file`, { cause: error });
    throw new PathError(shown, error);
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error(`${shown} is not a regular file`);
    if (stat.size > limit) throw new Error(`${shown} has ${stat.size} bytes; at most ${limit} are read`);
    return use(descriptor, stat);
  } finally {
    closeSync(descriptor);
  }
}

/** Of a page more than the kernel answers with at once. Bytes. */
const unknownSize = 8_192;

/** Reads to the end, whatever the size said: files of /proc say 0, give all to the first read only, and a file may grow meanwhile. */
function readAll(descriptor: number, expected: number, shown: string, limit: number): Buffer {
  let buffer = Buffer.allocUnsafeSlow(expected > 0 ? expected + 1 : unknownSize);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += count;
    if (length > limit) throw new Error(`${shown} has more than ${limit} bytes; at most ${limit} are read`);
    // A regular file that gave all it said it had is at its end.
    if (count === 0 || (length === expected && expected > 0)) return buffer.subarray(0, length);
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafeSlow(buffer.length)]);
  }
}
