import { createHmac } from 'node:crypto';
import { repositoryAnswer, statusAnswer, type CommitStatus, type Repository } from './answers.ts';
import {
  openCommentCalls,
  openIssueCalls,
  openLabelCalls,
  type CommentCalls,
  type IssueCalls,
  type LabelCalls,
} from './issue-calls.ts';
import { openPullCalls, type PullCalls } from './pull-calls.ts';
import { openRequests, repositoryPath, segment } from './requests.ts';
import { openSend, type Connection } from './send.ts';

/** Gitea's API as far as it is used here. Every call throws `GiteaError`, and ends with its signal. */
export interface Gitea {
  listOrgRepos(organization: string, signal: AbortSignal): Promise<readonly Repository[]>;
  readonly issues: IssueCalls;
  readonly labels: LabelCalls;
  readonly comments: CommentCalls;
  readonly pulls: PullCalls;
  readonly statuses: StatusCalls;
  /** A line that no page shows and only the holder of the token can make: finds again what was written about `subject`. */
  mark(subject: string): string;
}

interface Newest {
  readonly rows: readonly CommitStatus[];
  /** By the clock of the forge, which gave the rows their times; by that of the host where it does not tell. Milliseconds since 1970. */
  readonly now: number;
}

interface StatusCalls {
  /** The newest of each of these contexts that has any, on so many pages; unless told, on all. */
  newest(repository: string, commit: string, contexts: ReadonlySet<string>, signal: AbortSignal, pages?: number): Promise<Newest>;
  /** Always a new row, of which the newest counts for its context. Gitea answers 500, not 404, for a commit that it does not have. */
  create(
    repository: string,
    commit: string,
    status: {
      readonly state: 'pending' | 'success' | 'error' | 'failure';
      readonly context: string;
      readonly description: string;
      readonly target_url?: string;
    },
    signal: AbortSignal,
  ): Promise<CommitStatus>;
}

/** Throws `GiteaError` for an address that is none. Connects only when called. */
export function openGitea(connection: Connection): Gitea {
  const requests = openRequests(openSend(connection));
  return {
    listOrgRepos: (organization, signal) =>
      requests.all({ method: 'GET', path: `/orgs/${segment(organization)}/repos` }, repositoryAnswer, signal),
    issues: openIssueCalls(requests),
    labels: openLabelCalls(requests),
    comments: openCommentCalls(requests),
    pulls: openPullCalls(requests),
    statuses: {
      async newest(repository, commit, contexts, signal, pages) {
        const path = repositoryPath(repository, 'commits', commit, 'statuses');
        // Gitea has the names of the two orders the wrong way round: this one begins with the highest index.
        const call = { method: 'GET', path, query: { sort: 'leastindex' } } as const;
        const found = new Map<string, CommitStatus>();
        let now = NaN;
        const take = (rows: readonly CommitStatus[], headers: Headers): boolean => {
          now = Date.parse(headers.get('date') ?? '');
          for (const row of rows)
            if (contexts.has(row.context) && row.id > (found.get(row.context)?.id ?? -1)) found.set(row.context, row);
          const isNewestFirst = (rows[0]?.id ?? 0) > (rows.at(-1)?.id ?? 0);
          return found.size === contexts.size && isNewestFirst;
        };
        // A fleet writes more rows than can be told before: what was said first is on the last page.
        await requests.until(take, call, statusAnswer, signal, pages);
        return { rows: [...found.values()], now: Number.isNaN(now) ? Date.now() : now };
      },
      create: (repository, commit, body, signal) =>
        requests.one(
          { method: 'POST', path: repositoryPath(repository, 'statuses', commit), body, repeatable: true },
          statusAnswer,
          signal,
        ),
    },
    mark(subject) {
      const digest = createHmac('sha256', connection.token().reveal()).update(`timmy-reconciler ${subject}`).digest('hex');
      return `<!-- timmy-reconciler ${subject} ${digest.slice(0, 32)} -->`;
    },
  };
}
