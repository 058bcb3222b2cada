import { setTimeout as sleep } from 'node:timers/promises';
import { parseJson } from '../model/json.ts';
import { readBounded } from '../model/read-bounded.ts';
import { retryAfter } from '../model/retry-after.ts';
import type { Secret } from '../model/secret.ts';
import { printableLine } from '../report/printable.ts';
import { GiteaError } from './gitea-error.ts';

/** One request, its path below `/api/v1`. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** A POST that may be sent again when nobody knows whether the first one arrived. */
  readonly repeatable?: true;
}

interface Answer {
  /** Undefined for an empty body. */
  readonly json: unknown;
  readonly headers: Headers;
}

/** Where and as whom; `limits` for those who want others than the usual ones. */
export interface Connection {
  readonly url: string;
  /** Asked for each request: it may have been renewed. Throws `GiteaError` where there is none. */
  readonly token: () => Secret;
  readonly limits?: Partial<Limits>;
}

interface Limits {
  /** Longest time for one try, its body included. Milliseconds. */
  readonly timeout: number;
  readonly tries: number;
  /** Before the second try; doubled for each further one, and spread. Milliseconds. */
  readonly wait: number;
  /** Longest wait that is obeyed when Gitea asks for one. Milliseconds. */
  readonly longestWait: number;
  /** Largest answer. */
  readonly bytes: number;
}

const usual: Limits = { timeout: 10_000, tries: 4, wait: 500, longestWait: 20_000, bytes: 8 * 1024 * 1024 };

export type Send = (call: Call, signal: AbortSignal) => Promise<Answer>;

interface Failure {
  readonly error: GiteaError;
  /** Whether it is certain that Gitea did nothing. */
  readonly isUndone: boolean;
  /** What Retry-After asks for. Milliseconds. */
  readonly wait?: number | undefined;
}

/**
 * The way to Gitea's API. Answers are bounded in time and size; redirects are not followed, because the token would go with
 * them; 429, 5xx and lost connections are tried again with a growing, spread wait or the one that Gitea asks for. What may
 * have been created is not created again. Throws `GiteaError`, also when `signal` ends it.
 */
export function openSend({ url, token, limits: given = {} }: Connection): Send {
  const base = baseOf(url);
  const limits = { ...usual, ...given };
  return async (call, signal) => {
    for (let tried = 1; ; tried++) {
      const result = await tryOnce(base, token(), call, limits, signal);
      if ('headers' in result) return result;
      const { error, isUndone, wait: asked } = result;
      const mayRepeat = isUndone || call.method !== 'POST' || call.repeatable === true;
      if (!error.isOutage || error.status === 401 || !mayRepeat || tried >= limits.tries || signal.aborted) throw error;
      if (asked !== undefined && asked > limits.longestWait) throw error;
      const wait = asked === undefined ? limits.wait * 2 ** (tried - 1) * (0.5 + Math.random() / 2) : asked;
      // A fleet that was sent away together must not come back together.
      const spread = asked === undefined ? 0 : Math.random() * limits.wait;
      await sleep(wait + spread, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw error;
    }
  };
}

function baseOf(url: string): string {
  const { protocol, username, password, origin, pathname } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') throw new GiteaError('gitea.url in the host policy must be https or http');
  if (username || password) throw new GiteaError('gitea.url in the host policy holds credentials; put the token into a file');
  return `${origin}${pathname.replace(/\/+$/, '')}/api/v1`;
}

async function tryOnce(base: string, token: Secret, call: Call, limits: Limits, signal: AbortSignal): Promise<Answer | Failure> {
  const { method, path, query = {}, body } = call;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const deadline = AbortSignal.timeout(limits.timeout);
  const failed = (what: string, status?: number, more: Partial<Failure> = {}): Failure => {
    const text = `Gitea, ${method} ${path}: ${what}`.replaceAll(token.reveal(), '<secret>');
    return { error: new GiteaError(printableLine(text), status), isUndone: false, ...more };
  };
  try {
    const response = await fetch(`${base}${path}${search.size > 0 ? `?${search.toString()}` : ''}`, {
      method,
      headers: {
        accept: 'application/json',
        authorization: `token ${token.reveal()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
    });
    const { status, headers } = response;
    const text = (await readBounded(response.body ?? [], limits.bytes))?.toString('utf8');
    if (status >= 300 && status < 400) return failed(redirected(headers, response.url), status);
    if (!response.ok) {
      const wait = retryAfter(headers, Date.now());
      return failed(refused(status, messageIn(text), wait), status, { isUndone: status === 429 || status === 503, wait });
    }
    if (text === undefined) return failed(`the answer is larger than ${limits.bytes} bytes`, status);
    if (text.trim() === '') return { json: undefined, headers };
    const json = parseJson(text);
    const type = headers.get('content-type') ?? 'nothing that it names';
    if (json === undefined) return failed(`the answer is ${type.slice(0, 80)}, not JSON; is gitea.url right?`, status);
    return { json, headers };
  } catch (error) {
    if (signal.aborted) return failed('ended before it was answered');
    if (deadline.aborted) return failed(`no complete answer within ${limits.timeout} ms`);
    return unconnected(error, failed);
  }
}

function unconnected(error: unknown, failed: (what: string, status?: number, more?: Partial<Failure>) => Failure): Failure {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  const isUndone = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code ?? '');
  const isName = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  const what = isName ? 'its host name cannot be resolved' : isUndone ? 'it cannot be reached' : 'the connection was lost';
  return failed(`${what} (${code ?? message.slice(0, 200)}); see to gitea.url and the network`, undefined, { isUndone });
}

function redirected(headers: Headers, from: string): string {
  const target = URL.parse(headers.get('location') ?? '', from);
  const repository = target?.origin === new URL(from).origin && /\/api\/v1\/repos\/([^/]+\/[^/]+)/.exec(target.pathname)?.[1];
  return repository
    ? `the repository is now ${repository.slice(0, 200)}; set gitea.repository and remote.urls in the host policy to that`
    : `it redirects to ${target?.origin ?? 'another place'}, which is not followed; set gitea.url in the host policy to the final address`;
}

function refused(status: number, message: string, wait: number | undefined): string {
  const said = message === '' ? `${status}` : `${status}, "${message}"`;
  const advice = adviceFor(status);
  const pause = wait === undefined ? '' : ` (it asks to wait ${Math.ceil(wait / 1_000)} s)`;
  return `${said}${pause}; ${advice}`;
}

function adviceFor(status: number): string {
  if (status === 401) return 'the token is not valid: make a new one and put it where the old one is';
  if (status === 403)
    return 'the token may not do this: it needs write:repository and write:issue, and its account the right to write to the repository, and issues must not be switched off there';
  if (status === 404)
    return 'it does not exist, is switched off there, or the token may not see it: see to gitea.repository and the scopes of the token';
  if (status === 405)
    return 'its state does not allow it; after a push Gitea first looks for conflicts, which takes some seconds';
  if (status === 409) return 'it conflicts with what is there already';
  if (status === 423) return 'the repository is archived';
  if (status === 429) return 'too many requests; try again later';
  return status >= 500 ? 'Gitea itself fails; its log says why' : 'Gitea does not take these values';
}

function messageIn(text: string | undefined): string {
  const { message } = (parseJson(text ?? '') ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message.slice(0, 300) : '';
}
