import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readHead } from './git-head.ts';
import type { Revision, SourceFile, SourceTree } from '../model/revision.ts';

/** What of the repository is configuration; everything else in it is not read. */
const directories = ['desired-state', 'inventory', 'roles'];
const maximumFiles = 100_000;
const formatMask = 0o170000n;
const regular = 0o100000n;
const directory = 0o040000n;
/** A source changed within this time could change again without a trace in its timestamps. */
const tickNs = 10_000_000n;

/** Thrown for a source that no revision may consist of: a link, a device, too many files. */
export class SourceError extends Error {}

/**
 * The working tree of a repository as a revision, uncommitted changes included. Its key is made of stat signatures, so that
 * finding out that nothing changed reads no file.
 */
export function openWorkingTree(path: string): Revision {
  const root = realpathSync(path);
  const files: SourceFile[] = [];
  const watched: string[] = [];
  const signatures = createHash('sha256');
  const now = BigInt(Date.now()) * 1_000_000n;
  let isRacy = false;
  const walk = (relative: string): void => {
    watched.push(`${root}/${relative}/`);
    for (const entry of readdirSync(join(root, relative)).sort()) {
      if (entry === '.git' || entry.startsWith('.agent-')) continue;
      const name = `${relative}/${entry}`;
      const stat = lstatSync(`${root}/${name}`, { bigint: true });
      const type = stat.mode & formatMask;
      if (type === directory) {
        walk(name);
        continue;
      }
      if (type !== regular)
        throw new SourceError(`${name} is not a regular file; links and devices are not read from a repository`);
      if (files.length >= maximumFiles) throw new SourceError(`more than ${maximumFiles} files in the repository`);
      watched.push(`${root}/${name}`);
      files.push({ path: name, executable: (stat.mode & 0o100n) !== 0n, size: Number(stat.size) });
      isRacy ||= stat.ctimeNs > now - tickNs;
      signatures.update(`${name}\0${stat.mode} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}\n`);
    }
  };
  watched.push(`${root}/`);
  for (const name of directories) if (statSync(join(root, name), { throwIfNoEntry: false })?.isDirectory()) walk(name);
  // A racy source makes a key that never comes back.
  if (isRacy) signatures.update(`racy ${now}`);
  return { ...readHead(root), workingTree: true, key: signatures.digest('hex'), files: sourceTree(root, files), root, watched };
}

function sourceTree(root: string, files: readonly SourceFile[]): SourceTree {
  const known = new Set(files.map(({ path }) => path));
  return {
    list: (prefix) => files.filter(({ path }) => path.startsWith(`${prefix}/`)),
    read: (path) => (known.has(path) ? readFileSync(`${root}/${path}`) : undefined),
  };
}
