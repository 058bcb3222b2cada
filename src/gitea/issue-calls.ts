import { commentAnswer, issueAnswer, labelAnswer, type Comment, type Issue, type Label } from './answers.ts';
import { repositoryPath, type Requests } from './requests.ts';

/** What may be changed of an issue; what is absent stays. */
interface IssueChanges {
  readonly title?: string;
  readonly body?: string;
  /** Another one than it has: Forgejo 8 changes the rest and answers 500. */
  readonly state?: 'open' | 'closed';
  readonly assignees?: readonly string[];
}

/** Issues, their labels and comments. `repository` is `owner/name`; comments are those of pull requests too. */
export interface IssueCalls {
  /** Without pull requests, newest first; at most `pages` of 50. */
  list(
    repository: string,
    filter: { readonly state: 'open' | 'closed' | 'all'; readonly labels?: readonly string[]; readonly pages?: number },
    signal: AbortSignal,
  ): Promise<readonly Issue[]>;
  get(repository: string, number: number, signal: AbortSignal): Promise<Issue>;
  /** `labels` are ids. */
  create(
    repository: string,
    issue: { readonly title: string; readonly body: string; readonly labels?: readonly number[]; readonly assignees?: string[] },
    signal: AbortSignal,
  ): Promise<Issue>;
  update(repository: string, number: number, changes: IssueChanges, signal: AbortSignal): Promise<Issue>;
  /** An open one, as with `state`. */
  close(repository: string, number: number, signal: AbortSignal): Promise<Issue>;
  /** In the place of those who were assigned. */
  assign(repository: string, number: number, logins: readonly string[], signal: AbortSignal): Promise<Issue>;
  /** Beside those that it has; ids. */
  addLabels(repository: string, number: number, labels: readonly number[], signal: AbortSignal): Promise<void>;
}

export interface LabelCalls {
  list(repository: string, signal: AbortSignal): Promise<readonly Label[]>;
  /** `color` as `#rrggbb`. */
  create(repository: string, label: { readonly name: string; readonly color: string }, signal: AbortSignal): Promise<Label>;
}

export interface CommentCalls {
  /** Oldest first. */
  list(repository: string, issue: number, signal: AbortSignal): Promise<readonly Comment[]>;
  create(repository: string, issue: number, body: string, signal: AbortSignal): Promise<Comment>;
  /** By the id of the comment. */
  edit(repository: string, id: number, body: string, signal: AbortSignal): Promise<Comment>;
}

export function openIssueCalls({ one, all, done }: Requests): IssueCalls {
  const at = (repository: string, ...rest: (string | number)[]): string => repositoryPath(repository, 'issues', ...rest);
  const update: IssueCalls['update'] = (repository, number, body, signal) =>
    one({ method: 'PATCH', path: at(repository, number), body }, issueAnswer, signal);
  return {
    list(repository, { state, labels, pages }, signal) {
      const query = { type: 'issues', state, labels: labels?.join(',') };
      return all({ method: 'GET', path: at(repository), query }, issueAnswer, signal, pages);
    },
    get: (repository, number, signal) => one({ method: 'GET', path: at(repository, number) }, issueAnswer, signal),
    create: (repository, body, signal) => one({ method: 'POST', path: at(repository), body }, issueAnswer, signal),
    update,
    close: (repository, number, signal) => update(repository, number, { state: 'closed' }, signal),
    assign: (repository, number, assignees, signal) => update(repository, number, { assignees }, signal),
    addLabels: (repository, number, labels, signal) =>
      done({ method: 'POST', path: at(repository, number, 'labels'), body: { labels }, repeatable: true }, signal),
  };
}

export function openLabelCalls({ one, all }: Requests): LabelCalls {
  return {
    list: (repository, signal) => all({ method: 'GET', path: repositoryPath(repository, 'labels') }, labelAnswer, signal),
    create: (repository, body, signal) =>
      one({ method: 'POST', path: repositoryPath(repository, 'labels'), body }, labelAnswer, signal),
  };
}

export function openCommentCalls({ one, all }: Requests): CommentCalls {
  const at = (repository: string, ...rest: (string | number)[]): string => repositoryPath(repository, 'issues', ...rest);
  return {
    // The one list without pages: Gitea gives all of them, whatever page is asked for.
    list: (repository, issue, signal) =>
      all({ method: 'GET', path: at(repository, issue, 'comments') }, commentAnswer, signal, 1),
    create: (repository, issue, body, signal) =>
      one({ method: 'POST', path: at(repository, issue, 'comments'), body: { body } }, commentAnswer, signal),
    edit: (repository, id, body, signal) =>
      one({ method: 'PATCH', path: at(repository, 'comments', id), body: { body } }, commentAnswer, signal),
  };
}
