import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hardenedGit, hardenedGitEnvironment, settingsEnvironment } from '../model/hardened-git.ts';
import { sourceDirectories, treeBounds } from './tree-bounds.ts';

/** Milliseconds. */
const timeout = 10_000;
const argv = ['ls-files', '--unmerged', '-z', '--', ...sourceDirectories];

/**
 * Paths of the configuration that git could not merge and nobody has settled since: what stands there is both sides and the marks between
 * them, or one side. Empty where there is no git, nor a repository of it.
 */
export function unmergedPaths(root: string): ReadonlySet<string> {
  if (!isInGit(root)) return new Set();
  const settings = settingsEnvironment({ ...hardenedGit, 'safe.directory': '*' });
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...hardenedGitEnvironment, ...settings };
  const options = { cwd: root, env, encoding: 'utf8', timeout, maxBuffer: treeBounds.list, stdio: 'pipe' } as const;
  try {
    // `mode id stage`, a tab, and the path; one for each side.
    const entries = execFileSync('git', argv, options).split('\0');
    return new Set(entries.flatMap((entry) => (entry === '' ? [] : [entry.slice(entry.indexOf('\t') + 1)])));
  } catch {
    return new Set();
  }
}

function isInGit(directory: string): boolean {
  if (existsSync(join(directory, '.git'))) return true;
  return directory !== dirname(directory) && isInGit(dirname(directory));
}
