import { milliseconds } from '../../model/duration.ts';
import type { RemotePolicy } from '../../model/host-policy-document.ts';
import type { Problem } from '../../model/problem.ts';
import type { Source } from '../../model/revision.ts';
import { commitSource } from './commit-source.ts';
import { explainFetchFailure, tooMuch } from './fetch-failure.ts';
import { fetchRefs } from './fetch.ts';
import { keepRevision } from './keep-revision.ts';
import { borrowMirror, refPath } from './mirror.ts';
import { openObjects } from './objects.ts';
import { openRemoteAccess } from './remote-access.ts';
import { GitFailure } from './run-git.ts';
import { takeTurn } from './take-turn.ts';
import { TooLarge } from './too-large.ts';

/** Bytes of a pack. */
const largestOfStranger = 64 * 1024 * 1024;

interface Wanted {
  readonly stateDirectory: string;
  readonly remote: RemotePolicy;
  /** `refs/pull/7/head`. */
  readonly ref: string;
  readonly commit: string;
  /** Whether its author may bring as much as the branch. */
  readonly trusted: boolean;
  /** A directory for all that comes with it, so that neither the mirror nor what is kept for runs changes. */
  readonly place: string;
}

/**
 * The head of a pull request, to be looked at and never to be applied: it has no say in what this host trusts. The problems of what
 * cannot be part of a revision; undefined while no remote has this commit there.
 */
export async function fetchPull(wanted: Wanted, signal: AbortSignal): Promise<Source | readonly Problem[] | undefined> {
  const { stateDirectory, remote, ref, commit, trusted, place } = wanted;
  const timeout = milliseconds(remote.timeout);
  using _turn = await takeTurn(stateDirectory, timeout, signal);
  const mirror = borrowMirror(stateDirectory, place);
  for (const url of remote.urls) {
    const access = openRemoteAccess(url, remote);
    if ('refused' in access) continue;
    const limit = trusted ? {} : { largest: largestOfStranger };
    const call = { directory: mirror.directory, config: access.config, env: access.env, timeout, ...limit, signal };
    try {
      await fetchRefs(call, access.url, [`+${ref}:${refPath('pull')}`]);
      if (mirror.ref('pull') !== commit) continue;
      await using objects = openObjects(call);
      const problems = await keepRevision({ call, objects }, place, commit, []);
      return problems.length > 0
        ? problems
        : commitSource({ stateDirectory: place, commit, branch: null, others: stateDirectory });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TooLarge) return [error.problem];
      if (!(error instanceof GitFailure)) throw error;
      // It is as large with every try.
      const { message, hint } = explainFetchFailure(error, remote.timeout, access.secrets);
      if (message === tooMuch) return [{ code: 'too-large', message, hint }];
    }
  }
  return undefined;
}
