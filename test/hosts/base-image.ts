import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const here = (name: string): string => join(import.meta.dirname, name);
const digest = (...names: readonly string[]): string =>
  createHash('sha256')
    .update(names.map((name) => readFileSync(here(name), 'utf8')).join('\0'))
    .digest('hex')
    .slice(0, 12);

/** Images outlive tests and checkouts, so they are not in the repository. */
export const cacheDirectory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'timmy-test-hosts');

/**
 * The directories that a host's file system lies on, topmost first: the packages to install, and a bare Debian 12. Each is
 * made where it is missing, which needs a Debian mirror and one to two minutes, by one process while others wait. The
 * names are digests of what they are made from: a changed script or list makes a new one.
 */
export async function baseImage(): Promise<readonly string[]> {
  const base = join(cacheDirectory, `base-${digest('build-base.sh')}`);
  const packages = join(
    cacheDirectory,
    `packages-${digest('build-base.sh', 'build-packages.sh', 'build-samples.sh', 'debian-packages.txt')}`,
  );
  mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 });
  await make(base, [here('build-base.sh'), base]);
  await make(packages, ['unshare', '--mount', here('build-packages.sh'), base, packages, here('debian-packages.txt')]);
  for (const layer of [packages, base]) utimesSync(layer, new Date(), new Date());
  return [packages, base];
}

/** Other images that nobody used for a month go when a new one comes. */
async function make(layer: string, command: readonly string[]): Promise<void> {
  if (existsSync(layer)) return;
  const [lock, old] = [join(cacheDirectory, 'lock'), ['-mindepth', '1', '-maxdepth', '1', '-type', 'd', '-mtime', '+30']];
  await execute('flock', [lock, 'sh', '-c', 'test -d "$0" || "$@"', layer, ...command], { maxBuffer: 64 * 1024 * 1024 });
  await execute('find', [cacheDirectory, ...old, '-exec', 'rm', '-rf', '--one-file-system', '{}', '+']);
}
