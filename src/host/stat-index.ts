import { lstatSync } from 'node:fs';
import { sha256 } from '../model/json.ts';
import type { PathSignature } from '../model/revision.ts';
import type { HostReader, PathStat } from './host.ts';
import { typeAndMode } from './path-type.ts';

/** Numbers per entry: type and mode, uid, gid, inode, size, mtime and ctime in nanoseconds, links. */
const width = 8;
/** The same as halves, the low one first: numbers that can be compared without making a BigInt of each. */
const halves = 2 * width;
/** The low half of `mode` where nothing stood, and where nothing can be told. */
const absent = 0xfffffffe;
const unknown = 0xffffffff;
/** An entry whose ctime is younger than this could change again without a trace in its timestamps (git calls it racily clean). */
const tickNs = 10_000_000n;
/** Filesystems that keep whole seconds get two of them. */
const coarseTickNs = 2_000_000_000n;
const directoryBit = 0o040000n;
const formatMask = 0o170000n;

/** Paths, sorted, with the position of each. */
interface Ordered {
  readonly paths: readonly string[];
  positionOf(path: string): number | undefined;
}

/**
 * What a list of paths looked like when they were last known to be right: git's index, for host files. A path that still
 * has its signature has not been written since. A directory counts by identity, owner and mode; named with a trailing `/`
 * it counts with its names too.
 */
export interface StatIndex extends Ordered {
  /** Whether nothing has moved since the index was made. Stops at the first difference. */
  isUnchanged(): boolean;
  /** Whether all that there is to read can be read and has the digest that was recorded; not where none was. Stops at the first. */
  isIntact(host: Readable): boolean;
  /** SHA-256 of the file if it has not moved and its digest was recorded. `now`: what it looks like, where that is known. */
  digest(path: string, now?: PathSignature | StatIndex): string | undefined;
  /** What stood at a path, null for nothing; undefined where the index cannot tell. A directory has size 0. */
  stat(path: string): PathStat | null | undefined;
  /** Whether both say the same of the same paths. */
  equals(other: StatIndex): boolean;
  encode(): Buffer;
  readonly signatures: BigInt64Array;
  /** Whether a path looked as these numbers say, from a position on; undefined where the index does not have it. */
  looked(path: string, numbers: Uint32Array, from: number): boolean | undefined;
}

/** What contents are read from. */
type Readable = Pick<HostReader, 'digest' | 'readLink' | 'list'>;

/** What stands for a link's target or a directory's names in an index. */
export const digestOfNames = (names: readonly string[]): string => sha256(names.join('\0'));

/**
 * Makes an index of paths as they are now. Entries too young to be trusted are recorded as never matching. Call it before
 * the paths are inspected: what changes during the inspection then no longer has its signature. `digestOf` is asked when
 * the index is encoded. `like`: one that is usually of the same paths.
 */
export function recordStatIndex(
  paths: readonly string[],
  locate: (path: string) => string,
  digestOf: (path: string) => string | undefined,
  like?: StatIndex,
): StatIndex {
  return makeStatIndex(orderOf(paths, like), (path) => look(locate(path)), locate, digestOf);
}

/** The same of paths that were looked at before; without digests. */
export const indexSignatures = (known: ReadonlyMap<string, PathSignature | undefined>): StatIndex =>
  makeStatIndex(
    inOrder([...known.keys()].sort()),
    (path) => known.get(path),
    (path) => path,
    () => undefined,
  );

function inOrder(paths: readonly string[]): Ordered {
  let positions: Map<string, number> | undefined;
  const positionOf: Ordered['positionOf'] = (path) =>
    (positions ??= new Map(paths.map((each, index) => [each, index]))).get(path);
  return { paths, positionOf };
}

/** Ten thousand paths are not sorted again to find the same order. */
function orderOf(paths: readonly string[], like: Ordered | undefined): Ordered {
  const unique = new Set(paths);
  const isAlike = like?.paths.length === unique.size && like.paths.every((path) => unique.has(path));
  return isAlike ? like : inOrder([...unique].sort());
}

function makeStatIndex(
  ordered: Ordered,
  signatureOf: (path: string) => PathSignature | undefined | 'unreadable',
  locate: (path: string) => string,
  digestOf: (path: string) => string | undefined,
): StatIndex {
  const { paths } = ordered;
  const signatures = new BigInt64Array(paths.length * width);
  const now = BigInt(Date.now()) * 1_000_000n;
  paths.forEach((path, index) => {
    const stat = signatureOf(path);
    writeSignature(signatures, index * width, path, stat === 'unreadable' ? undefined : stat);
    if (stat === 'unreadable' || (stat && isRacy(stat, now))) signatures.fill(-1n, index * width, index * width + width);
  });
  return statIndex(ordered, signatures, locate, (index) => digestOf(paths[index] as string) ?? '');
}

/** What may not be looked at (another user's crontab) must be inspected in another way. */
function look(real: string): PathSignature | undefined | 'unreadable' {
  try {
    return lstatSync(real, { bigint: true, throwIfNoEntry: false });
  } catch {
    return 'unreadable';
  }
}

/** So young that it could change again within the same tick, and nobody would see it, as git says of its index. `now` in nanoseconds since 1970. */
export function isRacy(stat: PathSignature, now: bigint): boolean {
  const coarse = stat.ctimeNs % 1_000_000_000n === 0n && stat.mtimeNs % 1_000_000_000n === 0n;
  return stat.ctimeNs > now - (coarse ? coarseTickNs : tickNs);
}

function writeSignature(target: BigInt64Array, offset: number, path: string, stat: PathSignature | undefined): void {
  if (!stat) {
    // Not zeros: those are what a torn write leaves, and must match nothing.
    target.fill(-2n, offset, offset + width);
    return;
  }
  const shallow = (stat.mode & formatMask) === directoryBit && !path.endsWith('/');
  target[offset] = stat.mode;
  target[offset + 1] = stat.uid;
  target[offset + 2] = stat.gid;
  target[offset + 3] = stat.ino;
  target[offset + 4] = shallow ? 0n : stat.size;
  target[offset + 5] = shallow ? 0n : stat.mtimeNs;
  target[offset + 6] = shallow ? 0n : stat.ctimeNs;
  target[offset + 7] = shallow ? 0n : stat.nlink;
}

function statIndex(
  { paths, positionOf }: Ordered,
  signatures: BigInt64Array,
  locate: (path: string) => string,
  digestAt: (index: number) => string,
): StatIndex {
  const own = halvesOf(signatures);
  const actual = new BigInt64Array(width);
  const actualHalves = halvesOf(actual);
  const isEqual = (index: number, other: Uint32Array, from: number): boolean => {
    for (let half = 0, at = index * halves; half < halves; half++) if (own[at + half] !== other[from + half]) return false;
    return true;
  };
  const isUnchangedAt = (index: number, now?: PathSignature | StatIndex): boolean => {
    const path = paths[index] as string;
    const answer = now && 'looked' in now ? now.looked(path, own, index * halves) : undefined;
    if (answer !== undefined) return answer;
    const stat = now && !('looked' in now) ? now : look(locate(path));
    if (stat === 'unreadable') return false;
    writeSignature(actual, 0, path, stat);
    return isEqual(index, actualHalves, 0);
  };
  return {
    paths,
    positionOf,
    signatures,
    looked(path, numbers, from) {
      const index = positionOf(path);
      return index === undefined ? undefined : isEqual(index, numbers, from);
    },
    stat(path) {
      const index = positionOf(path);
      return index === undefined ? undefined : statFrom(own, index * halves);
    },
    equals: (other) =>
      paths.length === other.paths.length &&
      bytesOf(signatures).equals(bytesOf(other.signatures)) &&
      (paths === other.paths || paths.every((path, index) => path === other.paths[index])),
    isUnchanged() {
      for (let index = 0; index < paths.length; index++) if (!isUnchangedAt(index)) return false;
      return true;
    },
    isIntact(host) {
      const isIntactAt = (path: string, index: number): boolean => {
        const stat = statFrom(own, index * halves);
        if (!stat) return stat === null;
        const found = contentDigest(path, stat.type, host);
        return found === null || (found !== undefined && found === digestAt(index));
      };
      try {
        return paths.every(isIntactAt);
      } catch {
        // A bad disk; who inspects everything tells where.
        return false;
      }
    },
    digest(path, now) {
      const index = positionOf(path);
      if (index === undefined || typeAndMode(own[index * halves]!).type !== 'file' || !isUnchangedAt(index, now))
        return undefined;
      return digestAt(index) || undefined;
    },
    encode() {
      const names = Buffer.from(paths.join('\0'));
      const head = Buffer.alloc(8);
      head.writeUInt32LE(paths.length, 0);
      head.writeUInt32LE(names.length, 4);
      const digests = Buffer.concat(paths.map((_path, index) => Buffer.from((digestAt(index) || '').padEnd(64, '0'), 'hex')));
      return Buffer.concat([head, bytesOf(signatures), digests, names]);
    },
  };
}

/** Null where there is nothing to read. */
function contentDigest(path: string, type: PathStat['type'], host: Readable): string | null | undefined {
  if (type === 'file') return host.digest(path);
  const names = type === 'link' ? [host.readLink(path)] : path.endsWith('/') ? host.list(path) : null;
  return names && digestOfNames(names.filter((name) => name !== undefined));
}

const halvesOf = ({ buffer, byteOffset, byteLength }: BigInt64Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, byteLength / 4);

function statFrom(numbers: Uint32Array, at: number): PathStat | null | undefined {
  const mode = numbers[at]!;
  if (mode === unknown) return undefined;
  if (mode === absent) return null;
  const number = (field: number): number => numbers[at + 2 * field]! + numbers[at + 2 * field + 1]! * 2 ** 32;
  return { ...typeAndMode(mode), size: number(4), uid: number(1), gid: number(2), links: number(7) };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: BigInt64Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);

/** Reads what `encode` made. Throws when the bytes are not an index; callers treat that as "no index". */
export function decodeStatIndex(bytes: Buffer, locate: (path: string) => string): StatIndex {
  const count = bytes.readUInt32LE(0);
  const signatureEnd = 8 + count * width * 8;
  const digestEnd = signatureEnd + count * 32;
  if (bytes.length !== digestEnd + bytes.readUInt32LE(4)) throw new Error('the stat index is damaged');
  // Copied, because the numbers must be aligned to eight bytes.
  const signatures = new BigInt64Array(new Uint8Array(bytes.subarray(8, signatureEnd)).buffer);
  const paths = count === 0 ? [] : bytes.toString('utf8', digestEnd).split('\0');
  if (paths.length !== count) throw new Error('the stat index is damaged');
  return statIndex(inOrder(paths), signatures, locate, (index) => {
    const start = signatureEnd + index * 32;
    const digest = bytes.toString('hex', start, start + 32);
    return /^0+$/.test(digest) ? '' : digest;
  });
}
