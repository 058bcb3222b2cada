import { basename, dirname } from 'node:path/posix';
import type { AbsolutePath, Host, HostReader } from '../host/host.ts';
import { lastWords } from '../model/how-it-ended.ts';
import type { Restored } from './resource-type.ts';
import {
  findAdded,
  findLocalWork,
  findOwn,
  git as runGit,
  isHalfway,
  isUnfinished,
  noteOf,
  readHead,
  readWanted,
  type Checkout,
} from './git-checkout.ts';
import { findLeftovers, sweepLeftovers } from './git-leftovers.ts';

/** How a checkout stood. An alias: an interface is not a JsonObject. */
type CheckoutUndo = {
  readonly checkout: Checkout;
  readonly wasThere: boolean;
  /** Null: there was nothing, or nothing was in it. */
  readonly head: string | null;
  /** Whether the ref had been fetched. */
  readonly note: boolean;
  /** What another git had in the repository, or had left there. Undo data of earlier versions does not say. */
  readonly leftovers?: readonly AbsolutePath[];
};

/** What a run that is still going knows of its own work: nobody else has built on it yet. */
interface Work {
  /** Checkouts in which it has begun to replace files. */
  readonly begun: ReadonlySet<AbsolutePath>;
}

export const captureCheckout = (desired: Checkout, host: HostReader): CheckoutUndo => ({
  checkout: { ...desired },
  wasThere: host.stat(desired.path) !== undefined,
  head: readHead(desired, host),
  note: host.stat(`${desired.path}/.git/${noteOf(desired)}`) !== undefined,
  leftovers: findLeftovers(desired, host),
});

/**
 * Makes it stand as before. With `work` it is the run itself that fails: what came since is its own, and goes. Later, others
 * have worked there: their edits go to the stash, their commits get a branch, and a checkout that was not there before is moved
 * aside when anything else is in it.
 */
export async function restoreCheckout(
  { checkout, wasThere, head, note, leftovers = [] }: CheckoutUndo,
  work: Work | undefined,
  host: Host,
  signal: AbortSignal,
): Promise<Restored> {
  const { path } = checkout;
  const swept = await sweepLeftovers(checkout, leftovers, host, signal);
  if (head === null) return takeAway(checkout, wasThere, work !== undefined, host, signal);
  const target = readHead(checkout, host) === head ? readWanted(checkout, host) : null;
  const isHalf =
    target !== null &&
    (work?.begun.has(path) === true ||
      swept.includes(`${path}/.git/index.lock`) ||
      (await isHalfway(checkout, target, host, signal)));
  const hasNote = !note && host.stat(`${path}/.git/${noteOf(checkout)}`) !== undefined;
  const isThere = readHead(checkout, host) === head && !isHalf;
  const isAsBefore = isThere && (!work || (await findLocalWork(checkout, host, signal)) === undefined);
  if (isAsBefore && !hasNote) return swept.length === 0 ? 'unchanged' : { aside: [] };
  // With the index of the commit it was on the way to, git takes away the files that this one has brought.
  if (isHalf) await runGit(checkout, ['read-tree', target], host, signal);
  const aside = isAsBefore ? [] : await switchTo(head, checkout, work !== undefined || isHalf, host, signal);
  if (hasNote) await runGit(checkout, ['update-ref', '-d', noteOf(checkout)], host, signal);
  return { aside };
}

/** Gives where the work of others is then, in words. */
async function switchTo(
  head: string,
  checkout: Checkout,
  isAllOurs: boolean,
  host: Host,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const run = (...args: readonly string[]): Promise<string> => runGit(checkout, args, host, signal);
  const branch = /^ref: refs\/heads\/(.+)$/.exec(head)?.[1];
  const aside = isAllOurs ? [] : await putAway(branch ?? head, checkout, host, signal);
  const force = isAllOurs ? '--force' : '--no-overwrite-ignore';
  await run('checkout', '--quiet', force, '--no-recurse-submodules', ...(branch === undefined ? ['--detach', head] : [branch]));
  return aside;
}

/** Into the stash goes what is edited, and what nobody tracks where `target` has a file. */
async function putAway(target: string, checkout: Checkout, host: Host, signal: AbortSignal): Promise<readonly string[]> {
  const run = (...args: readonly string[]): Promise<string> => runGit(checkout, args, host, signal);
  const stash = ['stash', 'push', '--quiet', '--message', 'put away by a rollback of reconcile'];
  const isEdited = (await run('status', '--porcelain', '--untracked-files=no')) !== '';
  if (isEdited) await run(...stash);
  const own = await run(
    'rev-list',
    '--max-count=1',
    'HEAD',
    '--not',
    '--branches',
    '--remotes',
    '--tags',
    '--glob=refs/reconcile',
  );
  const kept = `before-rollback-${own.slice(0, 12)}`;
  if (own !== '') await run('branch', '--force', kept, 'HEAD');
  const inTheWay = await findAdded(checkout, target, host, signal);
  if (inTheWay.length > 0) await run('--literal-pathspecs', ...stash, '--all', '--', ...inTheWay);
  return [
    ...(isEdited || inTheWay.length > 0 ? [`what was edited in ${checkout.path} is in its stash`] : []),
    ...(own === '' ? [] : [`what was committed in ${checkout.path} is on its branch ${kept}`]),
  ];
}

/** Where nothing was: all of it goes when it is the run's alone; else it is moved aside, the repository last. */
async function takeAway(
  checkout: Checkout,
  wasThere: boolean,
  isAtWork: boolean,
  host: Host,
  signal: AbortSignal,
): Promise<Restored> {
  const { path } = checkout;
  if (host.stat(path)?.type !== 'directory') return 'unchanged';
  const names = (host.list(path) ?? []).filter((name) => name !== '.git');
  const hasRepository = host.stat(`${path}/.git`) !== undefined;
  const all = [...names, ...(hasRepository ? ['.git'] : [])].map((name) => `${path}/${name}`);
  const aside: string[] = [];
  const isOurs = isAtWork || isUnfinished(checkout, host) || (hasRepository && !(await findOwn(checkout, host, signal)));
  if (isOurs && all.length > 0)
    await succeed(['rm', '-rf', '--one-file-system', '--', ...(wasThere ? all : [path])], host, signal);
  else if (hasRepository) {
    const place = freeName(path, host);
    aside.push(`what others made in ${path} is in ${place}`);
    const { mode, uid, gid } = host.stat(path)!;
    if (wasThere) {
      host.makeDirectory(place, { mode, uid, gid });
      await succeed(['mv', '--no-clobber', `--target-directory=${place}`, '--', ...all], host, signal);
    } else await succeed(['mv', '--no-clobber', '--no-target-directory', '--', path, place], host, signal);
  }
  if (!wasThere) host.removeDirectory(path);
  return { aside };
}

/** As `download` calls the version before; what was put there once is never replaced. */
function freeName(path: AbsolutePath, host: HostReader): AbsolutePath {
  const beside = `${dirname(path)}/.${basename(path)}.before`.replace(/^\/\//, '/');
  for (let number = 1; ; number++) {
    const name = number === 1 ? beside : `${beside}-${number}`;
    if (!host.stat(name)) return name;
  }
}

async function succeed(argv: readonly [string, ...string[]], host: Host, signal: AbortSignal): Promise<void> {
  const result = await host.run(argv, signal);
  if (result.exitCode !== 0) throw new Error(`${argv[0]} failed: ${lastWords(result)}`);
}
