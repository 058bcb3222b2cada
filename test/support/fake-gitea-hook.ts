import { createHmac, randomUUID } from 'node:crypto';

/** A webhook as somebody set it up at Gitea, and what it tells. */
export interface Hook {
  readonly url: string;
  /** Without one the signatures are empty. */
  readonly secret?: string;
  /** `push`, `pull_request`. */
  readonly event: string;
  /** `pull_request_sync`; the event unless told. */
  readonly eventType?: string;
  readonly payload: unknown;
  /** Milliseconds until Gitea gives up; its own default unless told. */
  readonly timeout?: number;
}

/** What stands among Gitea's recent deliveries. */
export interface Delivery {
  readonly uuid: string;
  /** Undefined: no answer in time. */
  readonly status: number | undefined;
  readonly body: string;
  readonly milliseconds: number;
  readonly isDelivered: boolean;
}

/** Sends it once, whatever comes of it: Gitea never repeats a delivery. Every 2xx counts as delivered. */
export async function deliverHook({ url, secret, event, eventType = event, payload, timeout = 5_000 }: Hook): Promise<Delivery> {
  const uuid = randomUUID();
  const body = JSON.stringify(payload, null, 2);
  const hmac = (algorithm: string): string =>
    secret === undefined ? '' : createHmac(algorithm, secret).update(body).digest('hex');
  const [sha1, sha256] = [hmac('sha1'), hmac('sha256')];
  const own = (brand: string): Record<string, string> => ({
    [`X-${brand}-Delivery`]: uuid,
    [`X-${brand}-Event`]: event,
    [`X-${brand}-Event-Type`]: eventType,
    [`X-${brand}-Signature`]: sha256,
  });
  const headers = {
    'Content-Type': 'application/json',
    ...own('Gitea'),
    ...own('Gogs'),
    'X-GitHub-Delivery': uuid,
    'X-GitHub-Event': event,
    'X-GitHub-Event-Type': eventType,
    'X-GitHub-Hook-Installation-Target-Type': 'repository',
    'X-Gitea-Hook-Installation-Target-Type': 'repository',
    'X-Hub-Signature': `sha1=${sha1}`,
    'X-Hub-Signature-256': `sha256=${sha256}`,
  };
  const started = performance.now();
  const end = (status: number | undefined, text: string): Delivery => ({
    uuid,
    status,
    body: text,
    milliseconds: performance.now() - started,
    isDelivered: status !== undefined && status >= 200 && status < 300,
  });
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeout) });
    return end(response.status, (await response.text()).slice(0, 1024 * 1024));
  } catch (error) {
    return end(undefined, (error as Error).message);
  }
}

/** What Gitea tells of a push, as far as a receiver may rely on it. */
export function pushPayload({
  repository = 'ops/config',
  branch = 'main',
  before = '0'.repeat(40),
  after,
}: {
  readonly repository?: string;
  readonly branch?: string;
  readonly before?: string;
  readonly after: string;
}): object {
  const [owner, name] = repository.split('/');
  const url = `https://git.example/${repository}`;
  const alice = { id: 1, login: 'alice', full_name: 'Alice', email: 'alice@git.example', username: 'alice' };
  const person = { name: 'Alice', email: 'alice@git.example', username: 'alice' };
  const commit = {
    id: after,
    message: 'A change\n',
    url: `${url}/commit/${after}`,
    author: person,
    committer: person,
    verification: null,
    timestamp: '2026-11-20T08:00:00Z',
    added: [],
    removed: [],
    modified: ['desired-state/site.yaml'],
  };
  return {
    ref: `refs/heads/${branch}`,
    before,
    after,
    compare_url: `${url}/compare/${before}...${after}`,
    commits: [commit],
    total_commits: 1,
    head_commit: commit,
    repository: {
      id: 7,
      owner: { ...alice, login: owner, username: owner },
      name,
      full_name: repository,
      private: true,
      html_url: url,
      ssh_url: `ssh://git@git.example/${repository}.git`,
      clone_url: `${url}.git`,
      default_branch: 'main',
    },
    pusher: alice,
    sender: alice,
  };
}
