import { dirname } from 'node:path/posix';
import { readRegularFile } from './regular-file.ts';

/** What is mounted at a path. */
export interface Mount {
  /** For people: `ext4 of /dev/sdb1`. */
  readonly what: string;
  /** Something else stands there than without it. Not so where a directory is mounted on itself, as service managers do. */
  readonly hides: boolean;
}

interface MountLine {
  readonly id: string;
  readonly parent: string;
  readonly device: string;
  /** The part of its filesystem that is mounted, as a path in it. */
  readonly root: string;
  readonly point: string;
  readonly what: string;
}

/** Bytes. Linux lets a process have 100,000 mounts, most of them with short names. */
const largestTable = 64 * 1024 * 1024;
/** Where the paths of this process begin; the line of it names a parent that is not in the table, or itself. */
const start: MountLine = { id: 'start', parent: '', device: '', root: '/', point: '/', what: '' };

/**
 * Says of real paths, through no link, what is mounted there: nothing can replace or remove them then. The table is read when the first
 * path is asked for. Empty where there is none, as on other systems than Linux.
 */
export function openMounts(read: () => string = readTable): (path: string) => Mount | undefined {
  let finder: ReturnType<typeof findMounts> | undefined;
  return (path) => (finder ??= findMounts(read()))(path);
}

function findMounts(table: string): (path: string) => Mount | undefined {
  const lines = table.split('\n').flatMap((line) => parseLine(line) ?? []);
  const byId = new Map(lines.map((mount) => [mount.id, mount]));
  const parentOf = ({ id, parent }: MountLine): MountLine => (parent === id ? start : (byId.get(parent) ?? start));
  const byParent = new Map(lines.map((mount) => [`${parentOf(mount).id} ${mount.point}`, mount]));
  // Where in which filesystem: the kernel knows by that, not by a path, where something is mounted.
  const byPlace = new Map(lines.map((mount) => [placeOf(mount.point, parentOf(mount)), mount]));
  const known = new Map<string, MountLine>();
  const look = (path: string): MountLine => {
    let mount = path === '/' ? start : mountOf(dirname(path));
    for (let next; (next = byParent.get(`${mount.id} ${path}`)); mount = next);
    return mount;
  };
  /** The mount that a path is seen in: one that another hides is never come to. */
  const mountOf = (path: string): MountLine => {
    const found = known.get(path) ?? look(path);
    known.set(path, found);
    return found;
  };
  return (path) => {
    const place = placeOf(path, mountOf(dirname(path)));
    const elsewhere = byPlace.get(place);
    if (!elsewhere) return undefined;
    const top = look(path);
    return { what: (top.point === path ? top : elsewhere).what, hides: placeOf(path, top) !== place };
  };
}

const placeOf = (path: string, { device, root, point }: MountLine): string => {
  const below = point === '/' ? path : path.slice(point.length);
  return `${device} ${root === '/' ? '' : root}${below}`.replace(/\/$/, '');
};

/** Of `36 35 98:0 /root /point options - type source options`: more words may stand before the dash. */
function parseLine(line: string): MountLine | undefined {
  const [id, parent, device, root, point, ...rest] = line.split(' ');
  const dash = rest.indexOf('-');
  if (id === undefined || parent === undefined || device === undefined || root === undefined || !point || dash === -1)
    return undefined;
  const source = unescaped(rest[dash + 2] ?? '');
  const part = root === '/' ? '' : `, ${unescaped(root)} there`;
  return {
    id,
    parent,
    device,
    root: unescaped(root),
    point: unescaped(point),
    what: `${rest[dash + 1]} of ${source || 'nothing'}${part}`,
  };
}

/** Bytes of names, one character each, of which blanks, line breaks and backslashes are written as octal numbers. */
const unescaped = (text: string): string =>
  Buffer.from(
    text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    'latin1',
  ).toString();

function readTable(): string {
  const table = '/proc/self/mountinfo';
  try {
    return readRegularFile(() => table, table, largestTable)?.bytes.toString('latin1') ?? '';
  } catch {
    // Nobody may read it here.
    return '';
  }
}
