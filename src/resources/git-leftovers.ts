import { dirname } from 'node:path/posix';
import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { lastWords } from '../model/how-it-ended.ts';
import { awaitProcesses } from './find-process.ts';
import { noteOf, type Checkout } from './git-checkout.ts';

/** Milliseconds that a git of somebody else, or of a run that was killed, has for its end. */
const patience = 10_000;

/**
 * What a git that is at work has in a repository, and one that was killed leaves there: locks, at which every later one fails, and
 * files that are not whole.
 */
export function findLeftovers(checkout: Checkout, host: HostReader): readonly AbsolutePath[] {
  const repository = `${checkout.path}/.git`;
  const objects = (host.list(`${repository}/objects`) ?? []).filter((name) => /^(?:[0-9a-f]{2}|pack)$/.test(name));
  const places = [
    '',
    '/refs',
    '/refs/heads',
    `/${dirname(noteOf(checkout))}`,
    '/objects',
    ...objects.map((name) => `/objects/${name}`),
  ];
  return places.flatMap((place) =>
    (host.list(`${repository}${place}`) ?? [])
      .filter((name) => (place.startsWith('/objects') ? name.startsWith('tmp_') : name.endsWith('.lock')))
      .map((name) => `${repository}${place}/${name}`),
  );
}

/** A lock at which a move to another commit would fail: of another git that is at work, or was killed. */
export function findLock(checkout: Checkout, host: HostReader): AbsolutePath | undefined {
  const names = ['index', 'HEAD', 'shallow', 'packed-refs', noteOf(checkout)];
  return names.map((name) => `${checkout.path}/.git/${name}.lock`).find((lock) => host.stat(lock));
}

/**
 * Removes what came since `before` was found, once no git is at work there, and gives it. Throws while one is: it may be of somebody
 * else, and what it holds is its own.
 */
export async function sweepLeftovers(
  checkout: Checkout,
  before: readonly AbsolutePath[],
  host: Host,
  signal: AbortSignal,
): Promise<readonly AbsolutePath[]> {
  const find = (): readonly AbsolutePath[] => findLeftovers(checkout, host).filter((path) => !before.includes(path));
  if (find().length === 0) return [];
  const { path, user } = checkout;
  // It goes to its checkout before it does anything.
  const isThere = (directory: string): boolean => directory === path || directory.startsWith(`${path}/`);
  const holds = (process: AbsolutePath): boolean => isThere(host.readLink(`${process}/cwd`) ?? '') && find().length > 0;
  await awaitProcesses({ name: /^git/, where: path, holds }, patience, host, signal);
  const left = find();
  if (left.length === 0) return left;
  const result = await host.run(['rm', '-rf', '--', ...left], signal, user === undefined ? {} : { user });
  if (result.exitCode !== 0) throw new Error(`rm failed: ${lastWords(result)}`);
  return left;
}
