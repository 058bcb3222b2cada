/** What a fake Gitea holds, as its API shows it. Tests read it and put things into it. */
export interface FakeStore {
  readonly statuses: FakeStatus[];
  readonly issues: FakeIssue[];
  readonly comments: FakeComment[];
  readonly pulls: FakePull[];
  readonly labels: { readonly id: number; readonly name: string; readonly color: string }[];
  readonly organizations: Map<string, string[]>;
  /** Commits that exist; undefined: all of them. */
  commits: ReadonlySet<string> | undefined;
  /** Ids and numbers, each used once. */
  next(): number;
}

export interface FakeStatus {
  readonly id: number;
  readonly commit: string;
  /** Gitea's own name for the state in answers. */
  readonly status: string;
  readonly context: string;
  readonly description: string;
  /** ISO 8601; long ago where nothing is said. */
  readonly created_at?: string;
}

export interface FakeIssue {
  readonly number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  readonly user: { readonly login: string };
  labels: { readonly id: number; readonly name: string; readonly color: string }[] | null;
  assignees: { readonly login: string }[] | null;
}

export interface FakeComment {
  readonly id: number;
  /** Number of the issue or pull request. */
  readonly issue: number;
  body: string;
  readonly user: { readonly login: string };
}

export interface FakePull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  state: 'open' | 'closed';
  merged: boolean;
  readonly user: { readonly login: string } | null;
  head: FakeBranch;
  readonly base: FakeBranch;
}

interface FakeBranch {
  readonly ref: string;
  readonly sha: string;
  /** Null: the fork is gone. */
  readonly repo: { readonly id: number; readonly full_name: string; readonly owner: { readonly login: string } } | null;
}

/** The one repository, and the fork of an account. */
export const ownRepo = { id: 1, full_name: 'ops/config', owner: { login: 'ops' } };
const forkOf = (login: string): FakeBranch['repo'] => ({ id: 2, full_name: `${login}/config`, owner: { login } });

export function emptyStore(): FakeStore {
  let last = 0;
  return {
    statuses: [],
    issues: [],
    comments: [],
    pulls: [],
    labels: [],
    organizations: new Map(),
    commits: undefined,
    next: () => ++last,
  };
}

/** An open pull request for the store; from a branch of the repository itself unless `fork` says whose fork. */
export function fakePull(
  store: FakeStore,
  { login = 'alice', sha, fork }: { readonly login?: string; readonly sha: string; readonly fork?: string },
): FakePull {
  const pull: FakePull = {
    number: store.next(),
    title: 'A change',
    body: '',
    state: 'open',
    merged: false,
    user: { login },
    head: { ref: 'change', sha, repo: fork === undefined ? ownRepo : forkOf(fork) },
    base: { ref: 'main', sha: '0'.repeat(40), repo: ownRepo },
  };
  store.pulls.push(pull);
  return pull;
}
