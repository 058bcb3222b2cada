import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '../state/durable-file.ts';
import { sha256 } from '../model/json.ts';

/**
 * Versions of the program side by side: `versions/<id>/`, with the links `current` (runs) and `confirmed` (is known to work).
 * Links are swapped by rename, so that there is no moment without a version.
 */
type Link = 'current' | 'confirmed';

const versions = 'versions';
/** Compiled code beside a bundle (`start.ts`): it goes along, and whatever is in it the bundle is the same. */
const cache = 'code-cache/';
/** How the name of what is still written there ends. */
const half = '.new';

/** The id that a bundle has in a library: its version and its content. */
export function versionId(bundle: string, version: string): string {
  const files = bundleFiles(bundle).filter((file) => !file.startsWith(cache));
  if (!files.includes('reconcile.mjs') || !files.includes('guard.mjs'))
    throw new Error(`${bundle} is no built program: reconcile.mjs or guard.mjs is missing (node src/build.ts makes it)`);
  const digests = files.map((file) => `${file} ${sha256(readFileSync(join(bundle, file)))}\n`);
  return `${version}-${sha256(digests.join('')).slice(0, 12)}`;
}

/**
 * Copies a bundle into the library, durable and complete or not at all, and answers with its id. One that is there already is
 * left alone unless it was changed since. Versions that no link names are removed.
 */
export function stageVersion(library: string, bundle: string, version: string): string {
  const id = versionId(bundle, version);
  requireOwn(library);
  const place = join(library, versions, id);
  makeDirectory(join(library, versions));
  if (!isIntact(place, id, version)) {
    const staged = join(library, versions, `.agent-${randomBytes(8).toString('hex')}`);
    try {
      copyTree(bundle, staged);
      rmSync(place, { recursive: true, force: true });
      renameSync(staged, place);
      syncDirectory(join(library, versions));
    } finally {
      rmSync(staged, { recursive: true, force: true });
    }
  }
  const kept = [id, linked(library, 'current'), linked(library, 'confirmed')];
  for (const name of readdirSync(join(library, versions)))
    if (!kept.includes(name)) rmSync(join(library, versions, name), { recursive: true });
  return id;
}

/** The version that a link names; undefined when there is no such link. */
export function linked(library: string, link: Link): string | undefined {
  if (!lstatSync(join(library, link), { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  return basename(readlinkSync(join(library, link)));
}

/** Lets a link name a version that is there. */
export function swapLink(library: string, link: Link, id: string): void {
  if (!hasVersion(library, id)) throw new Error(`no version ${id} in ${library}: stage it first`);
  const staged = join(library, `.agent-${randomBytes(8).toString('hex')}`);
  symlinkSync(join(versions, id), staged);
  renameSync(staged, join(library, link));
  syncDirectory(library);
}

export const hasVersion = (library: string, id: string): boolean =>
  id !== '' && statSync(join(library, versions, id, 'reconcile.mjs'), { throwIfNoEntry: false })?.isFile() === true;

/** The library that a program belongs to; undefined when it was not installed. `program`: its path, through `current` or not. */
export function libraryOf(program: string): string | undefined {
  if (!statSync(program, { throwIfNoEntry: false })) return undefined;
  const place = dirname(dirname(realpathSync(program)));
  return basename(place) === versions ? dirname(place) : undefined;
}

/** Whoever can write there decides what runs as this user. */
function requireOwn(library: string): void {
  makeDirectory(library);
  const { uid, mode } = statSync(library);
  if (uid !== process.geteuid?.()) throw new Error(`${library} belongs to user ${uid}: run as its owner, or remove it`);
  if ((mode & 0o022) !== 0) throw new Error(`others may write to ${library}: chmod go-w ${library}`);
}

function isIntact(place: string, id: string, version: string): boolean {
  try {
    return versionId(place, version) === id;
  } catch {
    return false;
  }
}

/** Paths of all that belongs to a bundle, sorted. Throws for a link or a device in it. */
export function bundleFiles(bundle: string, below = ''): readonly string[] {
  return readdirSync(join(bundle, below), { withFileTypes: true })
    .filter(({ name }) => !name.endsWith(half))
    .flatMap((entry) => {
      const path = join(below, entry.name);
      if (entry.isDirectory()) return bundleFiles(bundle, path);
      if (!entry.isFile()) throw new Error(`${join(bundle, path)} is neither a file nor a directory`);
      return [path];
    })
    .sort();
}

function copyTree(from: string, to: string): void {
  const directories = new Set([to]);
  for (const file of bundleFiles(from)) {
    const place = dirname(join(to, file));
    makeDirectory(place);
    for (let each = place; each !== to; each = dirname(each)) directories.add(each);
    const descriptor = openSync(join(to, file), 'wx');
    try {
      fchmodSync(descriptor, 0o644);
      writeFileSync(descriptor, readFileSync(join(from, file)));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
  for (const directory of directories) syncDirectory(directory);
}

/** Readable by everybody, whatever the umask: a program has no secrets. */
export function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
  chmodSync(path, 0o755);
}
