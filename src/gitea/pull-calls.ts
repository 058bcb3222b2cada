import { pullAnswer, type Pull } from './answers.ts';
import { repositoryPath, type Requests } from './requests.ts';

/** Pull requests. `repository` is `owner/name`. */
export interface PullCalls {
  list(repository: string, filter: { readonly state: 'open' | 'closed' | 'all' }, signal: AbortSignal): Promise<readonly Pull[]>;
  get(repository: string, number: number, signal: AbortSignal): Promise<Pull>;
  /** `head` and `base` are branches; a fork's head is `owner:branch`. */
  create(
    repository: string,
    pull: { readonly title: string; readonly body: string; readonly head: string; readonly base: string },
    signal: AbortSignal,
  ): Promise<Pull>;
  /**
   * Refused with 409 when the head is no longer `head`: nothing is merged that nobody looked at. Refused with 405 while Gitea looks for
   * conflicts: for a moment after each push and each merge that was refused.
   */
  merge(
    repository: string,
    number: number,
    how: { readonly style: 'merge' | 'rebase' | 'squash'; readonly head: string; readonly deleteBranch?: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** Brings the base into the branch of the pull request. Gitea answers 500 when the branch has all of it already. */
  updateBranch(repository: string, number: number, style: 'merge' | 'rebase', signal: AbortSignal): Promise<void>;
  close(repository: string, number: number, signal: AbortSignal): Promise<Pull>;
}

export function openPullCalls({ one, all, done }: Requests): PullCalls {
  const at = (repository: string, ...rest: (string | number)[]): string => repositoryPath(repository, 'pulls', ...rest);
  return {
    list: (repository, query, signal) => all({ method: 'GET', path: at(repository), query }, pullAnswer, signal),
    get: (repository, number, signal) => one({ method: 'GET', path: at(repository, number) }, pullAnswer, signal),
    create: (repository, body, signal) => one({ method: 'POST', path: at(repository), body }, pullAnswer, signal),
    merge(repository, number, { style, head, deleteBranch = false }, signal) {
      const body = { Do: style, head_commit_id: head, delete_branch_after_merge: deleteBranch };
      return done({ method: 'POST', path: at(repository, number, 'merge'), body }, signal);
    },
    updateBranch: (repository, number, style, signal) =>
      done({ method: 'POST', path: at(repository, number, 'update'), query: { style } }, signal),
    close: (repository, number, signal) =>
      one({ method: 'PATCH', path: at(repository, number), body: { state: 'closed' } }, pullAnswer, signal),
  };
}
