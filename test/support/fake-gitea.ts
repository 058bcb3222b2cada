import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerAs, type FakeAnswer } from './fake-gitea-api.ts';
import { deliverHook, type Delivery, type Hook } from './fake-gitea-hook.ts';
import { emptyStore, type FakeStore } from './fake-gitea-store.ts';
import { listen } from './listen.ts';

/** What goes wrong with the next requests that fit. */
export interface Fault {
  /** Looked for in `POST /repos/ops/config/issues`. */
  readonly on: RegExp;
  /** Requests that it happens to; 1 unless told. */
  readonly times?: number;
  /** `hang`: never answered. `stall`: only half of the answer. `cut`: the connection is lost half-way. `lost`: done, but the answer is lost. */
  readonly answer:
    | 'hang'
    | 'stall'
    | 'cut'
    | 'lost'
    | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };
}

/** A Gitea on the loopback: its API over a store that tests can look into, faults on demand, and webhooks. */
export interface FakeGitea extends FakeStore, AsyncDisposable {
  readonly url: string;
  readonly token: string;
  /** `POST /repos/ops/config/issues` for each request, in order. */
  readonly requests: string[];
  /** At most so many items per page, as MAX_RESPONSE_ITEMS. */
  pageSize: number;
  fault(fault: Fault): void;
  /** Ends all faults. */
  heal(): void;
  /** Resolves when the claim is true of the store after a request; rejects after so many milliseconds. */
  until(claim: () => boolean, longest?: number): Promise<void>;
  /** One delivery, never repeated. */
  deliver(hook: Hook): Promise<Delivery>;
  close(): Promise<void>;
}

export async function startFakeGitea(token = 'fake-gitea-token-0123456789abcdef01234567'): Promise<FakeGitea> {
  const store = emptyStore();
  const requests: string[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  const waiting = new Set<() => void>();

  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    const path = pathname.replace(/^\/api\/v1/, '');
    const name = `${request.method} ${path}`;
    requests.push(name);
    const body = Buffer.concat(chunks).toString('utf8');
    const hit = faults.find(({ fault, left }) => left > 0 && fault.on.test(name));
    if (hit) hit.left -= 1;
    const kind = hit?.fault.answer;
    if (typeof kind === 'object') {
      response.writeHead(kind.status, { 'content-type': 'application/json', ...kind.headers }).end(kind.body ?? '');
    } else if (kind === 'cut' || kind === 'stall') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('[{"id":', () => void (kind === 'cut' && response.destroy()));
    } else if (kind !== 'hang') {
      const isKnown = request.headers.authorization === `token ${token}`;
      const segments = path.split('/').slice(1).map(decodeURIComponent);
      const made: FakeAnswer = isKnown
        ? answerAs(
            store,
            { method: request.method ?? '', segments, query: searchParams, body: body === '' ? {} : JSON.parse(body) },
            gitea.pageSize,
          )
        : { status: 401, json: { message: 'invalid username, password or token', url: 'https://root-url.example/api/swagger' } };
      if (kind === 'lost') response.destroy();
      else if (made.json === undefined) response.writeHead(made.status).end();
      else
        response
          .writeHead(made.status, { 'content-type': 'application/json;charset=utf-8', ...made.headers })
          .end(JSON.stringify(made.json));
    }
    for (const look of waiting) look();
  }

  const { port, [Symbol.asyncDispose]: close } = await listen(server);
  const gitea: FakeGitea = Object.assign(store, {
    url: `http://127.0.0.1:${port}`,
    token,
    requests,
    pageSize: 50,
    fault: (fault: Fault): void => void faults.push({ fault, left: fault.times ?? 1 }),
    heal: (): void => void (faults.length = 0),
    until: (claim: () => boolean, longest = 30_000): Promise<void> =>
      new Promise((resolve, reject) => {
        const end = (finish: () => void): void => {
          clearTimeout(timer);
          waiting.delete(look);
          finish();
        };
        const look = (): void => {
          if (claim()) end(resolve);
        };
        const timer = setTimeout(
          () => end(() => reject(new Error(`Gitea was not told within ${longest} ms; it was asked:\n${requests.join('\n')}`))),
          longest,
        );
        waiting.add(look);
        look();
      }),
    deliver: deliverHook,
    close,
    [Symbol.asyncDispose]: close,
  });
  return gitea;
}
