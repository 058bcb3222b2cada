import { milliseconds } from '../../model/duration.ts';
import type { Look } from '../../model/follower.ts';
import type { RemotePolicy } from '../../model/host-policy-document.ts';
import type { Problem } from '../../model/problem.ts';
import { isCommitId } from '../../model/revision.ts';
import { explainFetchFailure } from './fetch-failure.ts';
import { readLocalTip } from './local-tip.ts';
import { refPath, type Mirror } from './mirror.ts';
import { openRemoteAccess, type RemoteAccess } from './remote-access.ts';
import { askGit, GitFailure, runGit, type GitCall } from './run-git.ts';

/** What a remote has to offer. */
export interface Offer {
  readonly commit: string;
  /** Branch or tag; null for a commit that the host policy names. */
  readonly branch: string | null;
  /** What the next revision must be on top of once this one was applied: for a testing branch the tip of the branch below it. */
  readonly base: string;
  readonly remote: string;
}

interface Wanted {
  readonly mirror: Mirror;
  readonly remote: RemotePolicy;
  readonly host: string;
  readonly signal: AbortSignal;
  /** Fetch the branch without asking whether it has moved. */
  readonly isExpected: boolean;
  /** Whether a branch at this commit has nothing to offer, which is known already. */
  isBehind(tip: string): boolean;
}

/** Why a remote gave nothing that can be taken. */
export interface NoOffer {
  readonly problem: Problem;
  /** The fault may be in the mirror. */
  readonly mayBeMirror: boolean;
  /** `refused`: it answered, but has not what is wanted. */
  readonly state: Exclude<Look['state'], 'fetched'>;
  /** The one that has only older revisions. */
  readonly remote: string | null;
}

const refName = /^(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)|\/\.|\/$|\.$))[\w][\w./@+-]*$/;

/**
 * Fetches from one remote after the other, for as long as somebody asks for the next, and gives what each offers. Asking what a branch
 * is at costs one git process, none for a repository on this machine; no more when it has not moved.
 */
export async function* fetchOffers(wanted: Wanted): AsyncGenerator<Offer | NoOffer, void> {
  const { remote } = wanted;
  const odd = [remote.branch, remote.tag ?? 'x', ...(remote.testing_branch ? [testingBranch(wanted.host)] : [])].find(
    (name) => !refName.test(name),
  );
  if (odd !== undefined) {
    yield badRemote(`"${odd}" cannot be a branch or tag`);
    return;
  }
  for (const url of remote.urls) {
    const access = openRemoteAccess(url, remote);
    if ('refused' in access) {
      yield badRemote(access.refused);
      continue;
    }
    yield await fetchFrom(access, wanted).catch((error: unknown): NoOffer => {
      const failure = explain(error, access, wanted);
      const isAnswer = /^it has no refs\/|^it sends objects|, not a commit$/.test(failure.message);
      const { mayBeMirror } = failure;
      return { problem: remoteFailed(url, failure), mayBeMirror, state: isAnswer ? 'refused' : 'offline', remote: null };
    });
  }
}

/** Throws what is no failure of git. */
function explain(error: unknown, { secrets }: RemoteAccess, { remote, signal }: Pick<Wanted, 'remote' | 'signal'>) {
  signal.throwIfAborted();
  if (!(error instanceof GitFailure)) throw error;
  return explainFetchFailure(error, remote.timeout, secrets);
}

const remoteFailed = (url: string, { message, hint }: ReturnType<typeof explain>): Problem => ({
  code: 'remote-failed',
  message: `${url}: ${message}`,
  hint,
});

/** What one remote answers now. */
type Answer = { readonly url: string; /** Null: the host policy names a commit. */ readonly tip: string | null } | Problem;

/** Whether the remotes of the host policy have what the host follows, or what is wrong. Nothing is fetched, and nothing kept. */
export const askRemotes = (asked: Pick<Wanted, 'remote' | 'signal'>): Promise<readonly Answer[]> =>
  Promise.all(asked.remote.urls.map((given) => askRemote(given, asked)));

async function askRemote(given: string, { remote, signal }: Pick<Wanted, 'remote' | 'signal'>): Promise<Answer> {
  const access = openRemoteAccess(given, remote);
  if ('refused' in access) return badRemote(access.refused).problem;
  const { config, env, url } = access;
  const call = { directory: '/', config, env, timeout: milliseconds(remote.timeout), signal };
  const name = remote.tag === undefined ? `refs/heads/${remote.branch}` : `refs/tags/${remote.tag}`;
  try {
    const tip = (await listRefs(call, url, [name])).get(name);
    if (remote.commit !== undefined) return { url, tip: null };
    if (tip === undefined) throw await absent(call, url, name);
    return { url, tip };
  } catch (error) {
    return remoteFailed(given, explain(error, access, { remote, signal }));
  }
}

/** The branch that is for this host alone. */
export const testingBranch = (host: string): string => `testing-${host}`;

const badRemote = (message: string): NoOffer => ({
  problem: { code: 'bad-remote', message, hint: 'correct `remote` in the host policy' },
  mayBeMirror: false,
  state: 'offline',
  remote: null,
});

/** What all remotes gave, in one: the way out of the worst, and what each said. */
export function summarize(all: readonly NoOffer[]): NoOffer {
  const worst = all.find(({ state }) => state === 'behind') ?? all[0] ?? badRemote('the host policy names no remote');
  if (all.length < 2) return worst;
  const message = all.map(({ problem }) => problem.message).join('; ');
  return { ...worst, problem: { ...worst.problem, message }, mayBeMirror: all.every((each) => each.mayBeMirror) };
}

async function fetchFrom(access: RemoteAccess, wanted: Wanted): Promise<Offer> {
  const { mirror, remote, signal } = wanted;
  const { config, env, url } = access;
  const call = { directory: mirror.directory, config, env, timeout: milliseconds(remote.timeout), signal };
  if (remote.commit !== undefined) {
    if (mirror.ref('commit') !== remote.commit) {
      await fetchRefs(call, url, [`+${remote.commit}:${refPath('commit')}`]);
      await expectCommit(call, mirror, 'commit', remote.commit);
    }
    return { commit: remote.commit, branch: null, base: remote.commit, remote: url };
  }
  return remote.tag === undefined ? offerBranch(call, url, wanted) : offerTag(call, url, remote.tag, mirror);
}

async function offerBranch(call: GitCall, url: string, wanted: Wanted): Promise<Offer> {
  const { mirror, remote, isExpected, isBehind } = wanted;
  const [main, testing] = [
    `refs/heads/${remote.branch}`,
    remote.testing_branch ? `refs/heads/${testingBranch(wanted.host)}` : undefined,
  ];
  const at = (tip: string): Offer => ({ commit: tip, branch: remote.branch, base: tip, remote: url });
  const local = testing === undefined && url.startsWith('/') ? readLocalTip(url, main) : undefined;
  if (local !== undefined && (local === mirror.ref('branch') || isBehind(local))) return at(local);
  if (isExpected && testing === undefined) {
    await fetchRefs(call, url, [`+${main}:${refPath('branch')}`]);
    const commit = mirror.ref('branch');
    if (commit === null) throw await absent(call, url, main);
    return at(commit);
  }
  const advertised = await listRefs(call, url, testing === undefined ? [main] : [main, testing]);
  const tip = advertised.get(main);
  const testingTip = testing === undefined ? undefined : advertised.get(testing);
  if (tip === undefined) throw await absent(call, url, main);
  // Fetched, it would take the place of what the next remote has, which would then be fetched anew with every poll.
  if (testingTip === undefined && isBehind(tip)) return at(tip);
  if (testingTip === undefined) mirror.setRef('testing', null);
  const refs = [
    ...(mirror.ref('branch') === tip ? [] : [`+${main}:${refPath('branch')}`]),
    ...(testingTip === undefined || mirror.ref('testing') === testingTip ? [] : [`+${testing}:${refPath('testing')}`]),
  ];
  if (refs.length > 0) await fetchRefs(call, url, refs);
  const base = mirror.ref('branch') ?? tip;
  const above = mirror.ref('testing');
  const onTop = above !== null && above !== base && (await isAncestor(call, base, above));
  return onTop ? { commit: above, branch: testingBranch(wanted.host), base, remote: url } : at(base);
}

async function offerTag(call: GitCall, url: string, tag: string, mirror: Mirror): Promise<Offer> {
  const name = `refs/tags/${tag}`;
  const advertised = await listRefs(call, url, [name, `${name}^{}`]);
  const target = advertised.get(name);
  if (target === undefined) throw await absent(call, url, name);
  const commit = advertised.get(`${name}^{}`) ?? target;
  if (mirror.ref('tag') !== target) {
    await fetchRefs(call, url, [`+${name}:${refPath('tag')}`]);
    await expectCommit(call, mirror, 'tag', commit);
  }
  return { commit, branch: tag, base: commit, remote: url };
}

/** Tags, and ids in the host policy, can be of anything. What is none is not remembered as fetched. */
async function expectCommit(call: GitCall, mirror: Mirror, name: 'commit' | 'tag', id: string): Promise<void> {
  const { exit, stdout } = await askGit(call, ['cat-file', '-t', id]);
  const type = stdout.trim();
  if (exit !== 0 || type === 'commit') return;
  mirror.setRef(name, null);
  throw new GitFailure('cat-file', { exit: 1, stderr: `fatal: ${id} is a ${type}, not a commit` });
}

/** A server that lists nothing at all may be none: git takes what it does not understand for an empty list of an old server. */
async function absent(call: GitCall, url: string, name: string): Promise<GitFailure> {
  const isEmpty = (await runGit(call, ['ls-remote', '--quiet', '--', url])) === '';
  return new GitFailure('ls-remote', {
    exit: 2,
    stderr: isEmpty ? 'fatal: lists nothing' : `fatal: couldn't find remote ref ${name}`,
  });
}

async function listRefs(call: GitCall, url: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const listed = await runGit(call, ['ls-remote', '--quiet', '--', url, ...names]);
  return new Map(
    listed.split('\n').flatMap((line) => {
      const [id, name = ''] = line.split('\t');
      return isCommitId(id) && names.includes(name) ? [[name, id] as const] : [];
    }),
  );
}

/** Rejects as `runGit` does, also where git only warns that it has left a ref as it was. */
export async function fetchRefs(call: GitCall, url: string, refs: readonly string[]): Promise<void> {
  const { exit, stderr } = await askGit(call, ['fetch', ...fetchOptions, '--', url, ...refs]);
  if (exit !== 0 || stderr.includes('shallow roots are not allowed')) throw new GitFailure('fetch', { exit, stderr });
}

const fetchOptions = [
  '--quiet',
  '--no-progress',
  '--no-tags',
  '--no-recurse-submodules',
  '--no-write-fetch-head',
  '--no-auto-gc',
  '--no-show-forced-updates',
] as const;

/** Whether the second commit is the first one or on top of it. Throws where the mirror cannot tell. */
export const isAncestor = async (call: GitCall, ancestor: string, commit: string): Promise<boolean> =>
  ancestor === commit || (await commonAncestor(call, ancestor, commit)) === ancestor;

/** The newest commit that is below both, or one of them. Throws where the mirror cannot tell. */
export async function commonAncestor(call: GitCall, one: string, other: string): Promise<string | undefined> {
  const { exit, stdout, stderr } = await askGit(call, ['merge-base', one, other]);
  if (exit === 0) return stdout.trim();
  // A commit that is not there is below nothing that was fetched whole.
  if (exit === 1 || /Not a valid commit name/.test(stderr)) return undefined;
  throw new GitFailure('merge-base', { exit, stderr });
}
