import { dirname } from 'node:path/posix';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Argv, CommandOptions, CommandResult, Host, HostReader } from '../host/host.ts';
import { hardenedGit, hardenedGitEnvironment } from '../model/hardened-git.ts';
import { lastWords, wasKilled } from '../model/how-it-ended.ts';
import { sha256 } from '../model/json.ts';
import { makeFailure } from '../model/passing-error.ts';
import { isCommitId } from '../model/revision.ts';

/** A commit of a repository in a directory. */
export interface Checkout {
  readonly path: string;
  readonly repo: string;
  /** As `GIT_ALLOW_PROTOCOL` names it. */
  readonly transport: 'https' | 'http' | 'ssh' | 'file';
  /** A full commit id, or the name of a tag. */
  readonly ref: string;
  readonly user?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

const environment = {
  ...hardenedGitEnvironment,
  // Keys and host keys are those of the user who runs it.
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o StrictHostKeyChecking=yes',
} as const;

const passing = /could not resolve|timed out|connection|early EOF|unexpected disconnect|returned error: 5\d\d|hung up/i;
const pauses = [1_000, 3_000];

/** Whether a ref is a commit, and no name of one. */
export const isCommit = (ref: string): boolean => isCommitId(ref);

type Wanted = Pick<Checkout, 'repo' | 'ref'>;

/** Where it is noted which commit the ref was when it was fetched. A tag of another repository is another one. */
export const noteOf = ({ repo, ref }: Wanted): string =>
  isCommit(ref) ? formerNoteOf(ref) : `refs/reconcile/${sha256(repo).slice(0, 12)}/${ref}`;

/** Where earlier versions have noted it, of whichever repository it was. */
const formerNoteOf = (ref: string): string => `refs/reconcile/${ref}`;

/** What HEAD holds: a commit, or `ref: ...` where a branch is checked out. Null: no repository. */
export const readHead = ({ path }: Pick<Checkout, 'path'>, host: HostReader): string | null =>
  host.readFile(`${path}/.git/HEAD`, 4096)?.toString().trim() ?? null;

/** The commit that the ref is known to be. Null: it was never fetched. Asks no program. `last`: what was applied before. */
export function readWanted(
  checkout: Wanted & Pick<Checkout, 'path'>,
  host: HostReader,
  last: object | undefined = checkout,
): string | null {
  const { path, repo, ref } = checkout;
  if (isCommit(ref)) return ref;
  const known = readNote(path, noteOf(checkout), host);
  return known ?? ((last as Checkout).repo === repo ? readNote(path, formerNoteOf(ref), host) : null);
}

function readNote(path: string, note: string, host: HostReader): string | null {
  const loose = host.readFile(`${path}/.git/${note}`, 4096)?.toString().trim();
  if (loose !== undefined) return loose;
  const packed = host.readFile(`${path}/.git/packed-refs`)?.toString() ?? '';
  return (
    packed
      .split('\n')
      .find((line) => line.endsWith(` ${note}`))
      ?.split(' ')[0] ?? null
  );
}

/** What would be lost: files that were edited, and commits that stand nowhere else. */
export async function findLocalWork(checkout: Checkout, host: HostReader, signal: AbortSignal): Promise<string | undefined> {
  const changed = await findEdits(checkout, host, signal);
  if (changed.length > 0)
    return `${changed.length} changed file${changed.length === 1 ? '' : 's'}, the first of them ${changed[0]?.slice(3).trim()}`;
  // What an earlier run fetched has its note, also where the checkout is shallow.
  if ((await query(checkout, ['rev-parse', '--quiet', '--verify', 'HEAD'], host, signal)).exitCode !== 0)
    return 'a repository without a commit';
  const own = await ask(checkout, ['rev-list', '--max-count=1', 'HEAD', '--not', '--remotes', '--tags', fetched], host, signal);
  return own === '' ? undefined : `the commit ${own.slice(0, 12)}, which stands nowhere else`;
}

/** Whether others have put anything into a checkout that a run made: files, tracked or not, or commits. */
export async function findOwn(checkout: Checkout, host: HostReader, signal: AbortSignal): Promise<boolean> {
  const hasHead = (await query(checkout, ['rev-parse', '--quiet', '--verify', 'HEAD'], host, signal)).exitCode !== 1;
  // A run that was killed before it wrote HEAD has brought files of no commit.
  const edits = hasHead ? await findEdits(checkout, host, signal) : await findBeside(checkout, host, signal);
  if (edits.length > 0) return true;
  const heads = hasHead ? ['--all', 'HEAD'] : ['--all'];
  if ((await ask(checkout, ['rev-list', '--max-count=1', ...heads, '--not', fetched], host, signal)) !== '') return true;
  const untracked = (await ask(checkout, ['ls-files', '--others', '-z'], host, signal)).split('\0').filter(Boolean);
  // What the same rollback takes away is not there any more.
  return untracked.some((name) => host.stat(`${checkout.path}/${name.replace(/\/$/, '')}`) !== undefined);
}

/** Whether a run was killed before its first checkout was there: git writes the index after all files. */
export const isUnfinished = ({ path }: Pick<Checkout, 'path'>, host: HostReader): boolean =>
  host.stat(`${path}/.git`)?.type === 'directory' && host.stat(`${path}/.git/index`) === undefined;

/** Whether a checkout of `target` was killed after its index was written, and before HEAD was: what stands there is none of HEAD. */
export async function isHalfway(checkout: Checkout, target: string, host: HostReader, signal: AbortSignal): Promise<boolean> {
  const isIndexOf = async (tree: string): Promise<boolean> =>
    (await query(checkout, ['diff', '--cached', '--quiet', tree, '--'], host, signal)).exitCode === 0;
  return !(await isIndexOf('HEAD')) && (await isIndexOf(target));
}

/** Files that `target` brings to where HEAD has none, and that stand there. */
export async function findAdded(
  checkout: Checkout,
  target: string,
  host: HostReader,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const added = await ask(
    checkout,
    ['diff', '--name-only', '-z', '--no-renames', '--diff-filter=A', 'HEAD', target, '--'],
    host,
    signal,
  );
  return added.split('\0').filter((name) => name !== '' && host.stat(`${checkout.path}/${name}`) !== undefined);
}

const fetched = '--glob=refs/reconcile';

const query = (checkout: Checkout, args: readonly string[], host: HostReader, signal: AbortSignal): Promise<CommandResult> =>
  host.query(gitArgv(checkout, args), signal, optionsOf(checkout));

async function ask(checkout: Checkout, args: readonly string[], host: HostReader, signal: AbortSignal): Promise<string> {
  const result = await query(checkout, args, host, signal);
  if (result.exitCode !== 0) throw new Error(`git ${args[0]} in ${checkout.path} failed: ${lastWords(result)}`);
  return result.stdout.trimEnd();
}

const findEdits = async (checkout: Checkout, host: HostReader, signal: AbortSignal): Promise<readonly string[]> =>
  (await ask(checkout, ['status', '--porcelain', '--untracked-files=no'], host, signal)).split('\n').filter(Boolean);

/** What differs from the commit that is wanted, in the index or as a file. */
async function findBeside(checkout: Checkout, host: HostReader, signal: AbortSignal): Promise<readonly string[]> {
  const wanted = readWanted(checkout, host) ?? 'HEAD';
  const differing = (...more: readonly string[]): Promise<string> =>
    ask(checkout, ['diff', '--name-only', ...more, wanted, '--'], host, signal);
  return [await differing('--cached'), await differing()].filter(Boolean);
}

/**
 * Runs git as the checkout's user, with nothing of any configuration but the checkout's own. Throws with what it said: a
 * PassingError where a fetch failed on the way, or git was killed.
 */
export async function git(checkout: Checkout, args: readonly string[], host: Host, signal: AbortSignal): Promise<string> {
  for (let tries = 0; ; tries++) {
    const result = await host.run(gitArgv(checkout, args), signal, optionsOf(checkout));
    if (result.exitCode === 0) return result.stdout.trim();
    const { timedOut, stderr } = result;
    const said = timedOut ? `took longer than ${checkout.timeout / 1000} s` : `failed: ${lastWords(result)}`;
    const isOnTheWay = args[0] === 'fetch' && (timedOut || passing.test(stderr));
    const pause = isOnTheWay && !timedOut ? pauses[tries] : undefined;
    if (pause === undefined) throw makeFailure(`git ${args[0]} in ${checkout.path} ${said}`, isOnTheWay || wasKilled(result));
    await sleep(pause, undefined, { signal });
  }
}

const gitArgv = ({ path }: Checkout, args: readonly string[]): Argv => [
  'git',
  '-C',
  path,
  ...Object.entries(hardenedGit).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ...args,
];

const optionsOf = ({ path, user, timeout, transport }: Checkout): CommandOptions => ({
  timeout,
  env: { ...environment, GIT_ALLOW_PROTOCOL: transport, GIT_CEILING_DIRECTORIES: dirname(path) },
  ...(user !== undefined && { user }),
});
