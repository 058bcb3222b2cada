import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hardenedEnvironment } from '../model/hardened-git.ts';
import { sourceDirectories, treeBounds } from './tree-bounds.ts';

/** Milliseconds. */
const timeout = 10_000;
const argv = ['ls-files', '--unmerged', '-z', '--', ...sourceDirectories];

/**
 * Paths of the configuration that git could not merge and nobody has settled since: what stands there is both sides and the marks between
 * them, or one side. Empty where there is no git, nor a repository of it.
 */
export function unmergedPaths(root: string): ReadonlySet<string> {
  if (!isInGit(root) || !mayHaveUnmerged(join(root, '.git/index'))) return new Set();
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...hardenedEnvironment({ 'safe.directory': '*' }) };
  const options = { cwd: root, env, encoding: 'utf8', timeout, maxBuffer: treeBounds.list, stdio: 'pipe' } as const;
  try {
    // `mode id stage`, a tab, and the path; one for each side.
    const entries = execFileSync('git', argv, options).split('\0');
    return new Set(entries.flatMap((entry) => (entry === '' ? [] : [entry.slice(entry.indexOf('\t') + 1)])));
  } catch {
    return new Set();
  }
}

/**
 * Whether an index has an entry of a merge, told without a process, which would take longer than all the rest. True also of an index that is
 * not here, is very large, or has another form than that which git writes as a rule: version 2 or 3, SHA-1, in one file.
 * Source: https://git-scm.com/docs/index-format
 */
function mayHaveUnmerged(file: string): boolean {
  const index = readIndex(file);
  if (!index || index.length < 12 || index.toString('latin1', 0, 4) !== 'DIRC') return true;
  if (index.readUInt32BE(4) !== 2 && index.readUInt32BE(4) !== 3) return true;
  let at = 12;
  for (let left = index.readUInt32BE(8); left > 0; left--) {
    if (at + 64 > index.length) return true;
    const flags = index.readUInt16BE(at + 60);
    const [isExtended, stage, length] = [(flags & 0x4000) !== 0, flags & 0x3000, flags & 0xfff];
    const name = at + (isExtended ? 64 : 62);
    const end = index.indexOf(0, name);
    if (stage !== 0 || end < 0 || (length < 0xfff && end - name !== length)) return true;
    // Each entry is filled up to a multiple of eight bytes, with one at least.
    at += (end - at + 8) & ~7;
  }
  return index.includes('link', at);
}

function readIndex(file: string): Buffer | undefined {
  try {
    return statSync(file).size > treeBounds.list ? undefined : readFileSync(file);
  } catch {
    return undefined;
  }
}

function isInGit(directory: string): boolean {
  if (existsSync(join(directory, '.git'))) return true;
  return directory !== dirname(directory) && isInGit(dirname(directory));
}
