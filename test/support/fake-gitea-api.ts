import { ownRepo, type FakeIssue, type FakePull, type FakeStore } from './fake-gitea-store.ts';

export interface FakeRequest {
  readonly method: string;
  /** Decoded segments below `/api/v1`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FakeAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Whose token is used. */
export const botLogin = 'reconcile-bot';
/** Gitea's own address, which need not be the one under which it is reached. */
const rootUrl = 'https://root-url.example';

const refused = (status: number, message: string): FakeAnswer => ({
  status,
  json: { message, url: `${rootUrl}/api/swagger` },
});
const notFound = refused(404, 'not found');
/** For much that is not there Gitea answers so, and says why only in its log. */
const failed: FakeAnswer = refused(500, '');

/** What Gitea 1.26 answers, as tried; one repository, whatever its name. */
export function answerAs(store: FakeStore, request: FakeRequest, pageSize: number): FakeAnswer {
  const [kind, owner, , part, ...rest] = request.segments;
  const { method } = request;
  if (kind === 'orgs' && method === 'GET') {
    const repositories = store.organizations.get(owner ?? '');
    if (!repositories) return notFound;
    return page(
      repositories.map((name, index) => ({ id: index + 1, full_name: `${owner}/${name}`, archived: false })),
      request,
      pageSize,
    );
  }
  if (kind !== 'repos') return notFound;
  if (part === 'statuses' && method === 'POST') return createStatus(store, rest[0] ?? '', request.body);
  if (part === 'commits' && rest[1] === 'statuses') return listStatuses(store, rest[0] ?? '', request, pageSize);
  if (part === 'labels') return labels(store, request, pageSize);
  if (part === 'issues') return issues(store, rest, request, pageSize);
  if (part === 'pulls') return pulls(store, rest, request, pageSize);
  return notFound;
}

function page(items: readonly unknown[], { query, segments }: FakeRequest, mostItems: number): FakeAnswer {
  const size = Math.min(Number(query.get('limit') ?? mostItems) || mostItems, mostItems);
  const number = Math.max(1, Number(query.get('page') ?? 1));
  const headers: Record<string, string> = { 'x-total-count': String(items.length) };
  if (number * size < items.length) headers['link'] = `<${rootUrl}/api/v1/${segments.join('/')}?page=${number + 1}>; rel="next"`;
  return { status: 200, json: items.slice((number - 1) * size, number * size), headers };
}

function createStatus(store: FakeStore, commit: string, { state, context, description }: FakeRequest['body']): FakeAnswer {
  if (store.commits && !store.commits.has(commit)) return failed;
  const created_at = new Date().toISOString();
  const status = {
    id: store.next(),
    commit,
    status: String(state),
    context: String(context),
    description: String(description),
    created_at,
  };
  store.statuses.push(status);
  return { status: 201, json: { ...status, target_url: '' } };
}

function listStatuses(store: FakeStore, commit: string, request: FakeRequest, pageSize: number): FakeAnswer {
  if (store.commits && !store.commits.has(commit)) return notFound;
  const rows = store.statuses
    .filter((each) => each.commit === commit)
    .map((each) => ({ created_at: '2026-11-20T08:00:00Z', ...each }));
  // Gitea has these names the wrong way round: the lowest index comes first.
  const isOldestFirst = ['oldest', 'leastupdate', 'highestindex'].includes(request.query.get('sort') ?? '');
  return page(isOldestFirst ? rows : rows.reverse(), request, pageSize);
}

function labels(store: FakeStore, request: FakeRequest, pageSize: number): FakeAnswer {
  if (request.method === 'GET') return page(store.labels, request, pageSize);
  const { name, color } = request.body;
  if (typeof name !== 'string' || typeof color !== 'string') return refused(422, '[Name]: Required');
  const label = { id: store.next(), name, color };
  store.labels.push(label);
  return { status: 201, json: label };
}

function issues(store: FakeStore, rest: readonly string[], request: FakeRequest, pageSize: number): FakeAnswer {
  const { method, body, query } = request;
  const [first, second, third] = rest;
  if (first === undefined && method === 'GET') {
    const state = query.get('state') ?? 'open';
    // Names that there are not are passed over.
    const wanted = (query.get('labels')?.split(',') ?? []).filter((name) => store.labels.some((label) => label.name === name));
    const chosen = store.issues.filter(
      (issue) =>
        (state === 'all' || issue.state === state) && wanted.every((name) => issue.labels?.some((label) => label.name === name)),
    );
    return page(chosen.reverse(), request, pageSize);
  }
  if (first === undefined) return createIssue(store, body);
  if (first === 'comments') {
    const comment = store.comments.find(({ id }) => id === Number(second));
    if (!comment) return notFound;
    if (typeof body['body'] !== 'string') return refused(422, '[Body]: Required');
    comment.body = body['body'];
    return { status: 200, json: comment };
  }
  const number = Number(first);
  const issue = store.issues.find((each) => each.number === number);
  if (!issue && !store.pulls.some((pull) => pull.number === number)) return second === 'comments' ? failed : notFound;
  if (second === 'comments' && method === 'GET') {
    // All of them: this list has no pages.
    const all = store.comments.filter((comment) => comment.issue === number);
    return { status: 200, json: all, headers: { 'x-total-count': String(all.length) } };
  }
  if (second === 'comments') {
    if (typeof body['body'] !== 'string' || third !== undefined) return refused(422, '[Body]: Required');
    const comment = { id: store.next(), issue: number, body: body['body'], user: { login: botLogin } };
    store.comments.push(comment);
    return { status: 201, json: comment };
  }
  if (!issue) return notFound;
  if (second === 'labels') {
    const added = store.labels.filter(({ id }) => (body['labels'] as readonly unknown[]).includes(id));
    issue.labels = [...(issue.labels ?? []), ...added];
    return { status: 200, json: issue.labels };
  }
  return method === 'PATCH' ? editIssue(issue, body) : { status: 200, json: issue };
}

function createIssue(store: FakeStore, body: FakeRequest['body']): FakeAnswer {
  const { title, body: text = '', labels: ids } = body;
  if (typeof title !== 'string' || title === '') return refused(422, '[Title]: Required');
  const isIds = ids === undefined || (Array.isArray(ids) && ids.every(Number.isInteger));
  if (!isIds) return refused(422, 'json: cannot unmarshal string into Go struct field of type int64');
  const chosen = store.labels.filter(({ id }) => ((ids ?? []) as readonly number[]).includes(id));
  const issue: FakeIssue = {
    number: store.next(),
    title,
    body: String(text),
    state: 'open',
    user: { login: botLogin },
    labels: chosen.length > 0 ? chosen : null,
    assignees: loginsIn(body),
  };
  store.issues.push(issue);
  return { status: 201, json: issue };
}

function editIssue(issue: FakeIssue, body: FakeRequest['body']): FakeAnswer {
  if (typeof body['title'] === 'string') issue.title = body['title'];
  if (typeof body['body'] === 'string') issue.body = body['body'];
  issue.assignees = loginsIn(body) ?? issue.assignees;
  // Forgejo 8 fails, with all else changed, where the state is to be what it is.
  if (body['state'] === issue.state) return failed;
  if (body['state'] === 'open' || body['state'] === 'closed') issue.state = body['state'];
  return { status: 201, json: issue };
}

const loginsIn = (body: FakeRequest['body']): FakeIssue['assignees'] =>
  Array.isArray(body['assignees']) ? body['assignees'].map((login: unknown) => ({ login: String(login) })) : null;

function pulls(store: FakeStore, rest: readonly string[], request: FakeRequest, pageSize: number): FakeAnswer {
  const { method, body, query } = request;
  const [first, second] = rest;
  if (first === undefined && method === 'GET') {
    const state = query.get('state') ?? 'open';
    return page(store.pulls.filter((pull) => state === 'all' || pull.state === state).reverse(), request, pageSize);
  }
  if (first === undefined) {
    const isThere = store.pulls.some(({ head, state }) => state === 'open' && head.ref === body['head']);
    if (isThere) return refused(409, 'pull request already exists for these targets');
    const pull: FakePull = {
      number: store.next(),
      title: String(body['title']),
      body: String(body['body']),
      state: 'open',
      merged: false,
      user: { login: botLogin },
      head: { ref: String(body['head']), sha: 'a'.repeat(40), repo: ownRepo },
      base: { ref: String(body['base']), sha: 'b'.repeat(40), repo: ownRepo },
    };
    store.pulls.push(pull);
    return { status: 201, json: pull };
  }
  const pull = store.pulls.find(({ number }) => number === Number(first));
  if (!pull) return notFound;
  if (second === 'merge') {
    if (pull.merged) return refused(405, 'The PR is already merged');
    if (pull.state === 'closed') return notFound;
    if (body['head_commit_id'] !== pull.head.sha) return refused(409, 'head out of date');
    pull.state = 'closed';
    pull.merged = true;
    return { status: 200 };
  }
  if (second === 'update') return pull.state === 'closed' ? refused(422, '%!s(<nil>)') : { status: 200 };
  if (method === 'PATCH' && body['state'] === 'closed') pull.state = 'closed';
  return { status: method === 'PATCH' ? 201 : 200, json: pull };
}
