import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBare } from '../source/git/mirror.ts';
import { askGit, firstCommit, type Ask } from './ask-git.ts';
import { ExitError } from '../model/exit-error.ts';
import { OwnFault, ownFaultOf } from './own-fault.ts';
import { commitChanges, findChanges, listPaths } from './uncommitted.ts';

/** A bundle file with what one set of hosts lacks. */
export interface Bundle {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** The revision that a command sends, out of the operator's repository. What it makes is gone when it is disposed. */
export interface WorkingRevision extends AsyncDisposable {
  readonly commit: string;
  readonly branch: string;
  /** Whether uncommitted changes are in it; such a revision is only looked at. */
  readonly workingTree: boolean;
  /** Whether the checkout is sparse: files of the commit may not stand in the working tree. */
  readonly isSparse: boolean;
  /**
   * A bundle for a host that has these commits; undefined where it has the revision itself. Commits that are not known here are ignored.
   * Rejects with an `OwnFault`.
   */
  bundleFor(commits: readonly string[]): Promise<Bundle | undefined>;
}

type Uncommitted = 'include' | 'refuse';

const fallbackBranch = 'main';

/**
 * Opens what stands in the repository: the commit that is checked out, or `revision`. Uncommitted changes are an error, or are
 * made a commit of their own that exists only in a temporary directory: nothing is written into the repository. Unmerged files are a
 * problem of the working tree, which is read before.
 */
export async function openWorkingRevision(
  repository: string,
  { uncommitted, revision = 'HEAD' }: { readonly uncommitted: Uncommitted; readonly revision?: string },
  signal: AbortSignal,
): Promise<WorkingRevision> {
  const ask: Ask = (words, extra = {}) => askGit(repository, words, extra, signal);
  const facts = ['--is-shallow-repository', '--show-object-format', '--path-format=absolute', '--git-path', 'objects'];
  const [prefix = '', isShallow, format, objects = ''] = (await ask(['rev-parse', '--show-prefix', ...facts])).split('\n');
  if (prefix !== '')
    throw new ExitError(
      'usage',
      `the configuration is not at the top of its git repository, but in ${prefix}`,
      'hosts take revisions with desired-state/ at the top: give the configuration a repository of its own',
    );
  if (format !== 'sha1')
    throw new ExitError(
      'usage',
      'the repository names its objects by SHA-256, and hosts take those of SHA-1',
      'git init --object-format=sha1 makes one that can be sent',
    );
  const commit = (
    await ask(['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`]).catch(explainMissing(revision, ask))
  ).trim();
  if (isShallow === 'true') throw incomplete('a shallow clone', '--unshallow', ', in CI a checkout with fetch-depth: 0,');
  const settings = (await ask(['config', '--list', '-z'])).split('\0');
  if (await lacksObjects(commit, settings, ask)) throw incomplete('a partial clone', '--refetch --no-filter');
  const branch = (await ask(['branch', '--show-current'])).trim() || fallbackBranch;
  await using cleanup = new AsyncDisposableStack();
  const directory = makeTemporary();
  cleanup.defer(() => rmSync(directory, { recursive: true, force: true }));
  makeBare(directory);
  // Those of the operator's repository.
  writeFileSync(join(directory, 'objects/info/alternates'), `${objects}\n`);
  const askInside: Ask = (words, { env, stdin } = {}) =>
    ask(words, { env: { ...env, GIT_DIR: directory }, ...(stdin !== undefined && { stdin }) });
  const changed = revision === 'HEAD' ? await findChanges(ask) : [];
  if (changed.length > 0 && uncommitted === 'refuse')
    throw new ExitError('usage', `there are uncommitted changes: ${listPaths(changed)}`, 'commit them, or stash them');
  const sent = changed.length > 0 ? await commitChanges(changed, { parent: commit, directory }, ask) : commit;
  await askInside(['update-ref', `refs/heads/${branch}`, sent]);
  const bundles = new Map<string, Promise<Bundle>>();
  let made = 0;
  const make = async (path: string, commits: readonly string[]): Promise<Bundle> => {
    const create = (without: readonly string[]): Promise<string> =>
      askInside(['bundle', 'create', '--quiet', path, `refs/heads/${branch}`, ...without.map((each) => `^${each}`)]);
    const had = await known(commits, askInside);
    try {
      await create(had);
    } catch (error) {
      // A later commit that the host has leaves nothing for a bundle, which git then does not make. Asked only now: this is rare.
      const later = await descendants(sent, had, askInside);
      if (later.size === 0) throw error;
      await create(had.filter((each) => !later.has(each)));
    }
    return { path, size: statSync(path).size };
  };
  const scope = cleanup.move();
  return {
    commit: sent,
    branch,
    workingTree: changed.length > 0,
    isSparse: settings.findLast((setting) => setting.startsWith('core.sparsecheckout\n'))?.endsWith('\ntrue') === true,
    async bundleFor(commits) {
      if (commits.includes(sent)) return undefined;
      const key = commits.join(' ');
      const bundle = bundles.get(key) ?? make(join(directory, `bundle-${made++}`), commits);
      bundles.set(key, bundle);
      try {
        return await bundle;
      } catch (error) {
        if (bundles.get(key) === bundle) bundles.delete(key);
        throw ownFaultOf(error) ?? new OwnFault((error as Error).message);
      }
    },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  };
}

function makeTemporary(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'reconcile-fleet-'));
  } catch (error) {
    const why = (error as Error).message.replace(/^\w+: (.*), mkdtemp .*$/s, '$1');
    const hint = 'it takes a copy of what is sent: name another directory with TMPDIR';
    throw new ExitError('usage', `nothing can be made in ${tmpdir()}: ${why}`, hint, error);
  }
}

/** Somewhere a host has nothing yet, and takes a commit only with all that it was built on. */
const incomplete = (what: string, option: string, otherwise = ''): ExitError =>
  new ExitError(
    'usage',
    `the repository is ${what}, which has not the whole history`,
    `git fetch ${option}${otherwise} brings the rest`,
  );

/** Of a repository that was just made, or that is not the one in which a plan was. */
const explainMissing =
  (revision: string, ask: Ask) =>
  async (error: unknown): Promise<never> => {
    if ((await ask(['rev-list', '--all', '--max-count=1'])) === '')
      throw new ExitError('usage', 'the repository has no commit yet', firstCommit);
    if (revision === 'HEAD') throw error;
    const hint = 'git fetch brings what was pushed; else make a new plan here';
    throw new ExitError('usage', `the repository does not have commit ${revision.slice(0, 12)}`, hint, error);
  };

/** Whether a partial clone has left out what the commit is made of, or was built on. */
async function lacksObjects(commit: string, settings: readonly string[], ask: Ask): Promise<boolean> {
  if (!settings.some((setting) => /^remote\..*\.promisor\ntrue$/s.test(setting))) return false;
  return (await ask(['rev-list', '--quiet', '--objects', '--missing=print', commit])) !== '';
}

/** Those of the commits that are known here, in the same order. */
async function known(commits: readonly string[], ask: Ask): Promise<readonly string[]> {
  if (commits.length === 0) return [];
  const answers = (await ask(['cat-file', '--batch-check=%(objecttype)'], { stdin: `${commits.join('\n')}\n` })).split('\n');
  return commits.filter((_commit, index) => answers[index] === 'commit');
}

/** Those of the commits that were built on `base`, and what lies between. */
async function descendants(base: string, commits: readonly string[], ask: Ask): Promise<ReadonlySet<string>> {
  if (commits.length === 0) return new Set();
  const listed = await ask(['rev-list', '--ancestry-path', '--stdin'], { stdin: `^${base}\n${commits.join('\n')}\n` });
  return new Set(listed.split('\n').filter((line) => line !== ''));
}
