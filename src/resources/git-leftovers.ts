import { dirname } from 'node:path/posix';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { lastWords } from '../model/how-it-ended.ts';
import { findProcess } from './find-process.ts';
import { noteOf, type Checkout } from './git-checkout.ts';

/** Milliseconds that a git of somebody else, or of a run that was killed, has for its end. */
const patience = 10_000;
const pause = 50;

/**
 * What a git that is at work has in a repository, and one that was killed leaves there: locks, at which every later one fails, and
 * files that are not whole.
 */
export function findLeftovers({ path, ref }: Checkout, host: HostReader): readonly AbsolutePath[] {
  const repository = `${path}/.git`;
  const objects = (host.list(`${repository}/objects`) ?? []).filter((name) => /^(?:[0-9a-f]{2}|pack)$/.test(name));
  const places = [
    '',
    '/refs',
    '/refs/heads',
    `/${dirname(noteOf(ref))}`,
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
export function findLock({ path, ref }: Checkout, host: HostReader): AbsolutePath | undefined {
  const names = ['index', 'HEAD', 'shallow', 'packed-refs', noteOf(ref)];
  return names.map((name) => `${path}/.git/${name}.lock`).find((lock) => host.stat(lock));
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
  for (let waited = 0; find().length > 0; waited += pause) {
    const worker = findGit(checkout, host);
    if (worker === undefined) break;
    if (waited >= patience)
      throw new Error(`git is at work in ${checkout.path} (process ${worker}): wait for its end, or end it`);
    await sleep(pause, undefined, { signal });
  }
  const left = find();
  if (left.length === 0) return left;
  const { user } = checkout;
  const result = await host.run(['rm', '-rf', '--', ...left], signal, user === undefined ? {} : { user });
  if (result.exitCode !== 0) throw new Error(`rm failed: ${lastWords(result)}`);
  return left;
}

/** The id of a process that is git and works in a checkout: git goes there before it does anything. */
function findGit({ path }: Checkout, host: HostReader): string | undefined {
  const isBelow = (directory: string): boolean => directory === path || directory.startsWith(`${path}/`);
  return findProcess({ name: /^git/, holds: (process) => isBelow(host.readLink(`${process}/cwd`) ?? '') }, host);
}
