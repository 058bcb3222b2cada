import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLoopback } from '../model/contact.ts';
import { longestTimer } from '../model/duration.ts';
import { PassingError } from '../model/passing-error.ts';

/** A file of the network whose content is known. */
export interface WantedFile {
  readonly url: string;
  readonly sha256: string;
  /** Bytes. */
  readonly maxSize: number;
  /** Milliseconds, for all tries together. */
  readonly timeout: number;
  /** Names of the hosts that it may be redirected to, besides its own. */
  readonly redirects: readonly string[];
}

const mostRedirects = 5;
/** What comes and goes on the way is tried again after so long. Milliseconds. */
const pauses = [500, 2_000];

/**
 * Gives the bytes to `take`, and throws when they were not the wanted ones, so that `take` must not trust them before it has
 * returned. What fails on the way is tried again, with a new call, and is a PassingError in the end. No message shows the query of
 * a URL.
 */
export async function fetchFile(
  wanted: WantedFile,
  take: (chunks: AsyncIterable<Uint8Array>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.timeout(Math.min(wanted.timeout, longestTimer));
  const both = AbortSignal.any([signal, limit]);
  for (let tries = 0; ; tries++)
    try {
      return await take(checked(wanted, both));
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted)
        throw new PassingError(`${shown(wanted.url)} did not come within ${wanted.timeout / 1000} s`, { cause: error });
      const pause = pauses[tries];
      if (!(error instanceof PassingError) || pause === undefined) throw error;
      // The limit may end the pause; the next try then says so.
      await sleep(pause, undefined, { signal: both }).catch(() => undefined);
      signal.throwIfAborted();
    }
}

async function* checked(wanted: WantedFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { sha256, maxSize } = wanted;
  const { response, url } = await ask(wanted, signal);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of pieces(response, url)) {
    size += chunk.length;
    if (size > maxSize || Number(response.headers.get('content-length') ?? 0) > maxSize)
      throw new Error(`${shown(url)} has more than the ${maxSize} bytes that max_mib allows`);
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (found !== sha256)
    throw new Error(`${shown(url)} has the sha256 ${found}, not ${sha256} (${size} bytes); nothing was replaced by it`);
}

async function* pieces({ body }: Response, url: string): AsyncGenerator<Uint8Array> {
  const reader = (body as ReadableStream<Uint8Array> | null)?.getReader();
  try {
    for (;;) {
      const next = await reader?.read().catch((error: unknown) => {
        throw new PassingError(`${shown(url)} broke off: ${reasonOf(error)}`, { cause: error });
      });
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

/** Asks for it, and follows to where it may be. */
async function ask(wanted: WantedFile, signal: AbortSignal): Promise<{ readonly response: Response; readonly url: string }> {
  let url = wanted.url;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    const response = await fetch(url, {
      redirect: 'manual',
      signal,
      headers: { 'accept-encoding': 'identity', connection: 'close', 'user-agent': 'timmy-reconciler' },
    }).catch((error: unknown) => {
      throw new PassingError(`${shown(url)} cannot be reached: ${reasonOf(error)}`, { cause: error });
    });
    if (response.status === 200) return { response, url };
    await response.body?.cancel().catch(() => undefined);
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) url = followed(url, location, wanted.redirects);
    else throw refusal(`${shown(url)} answers ${response.status}`, response.status);
  }
  throw new Error(`${shown(wanted.url)} leads to more than ${mostRedirects} other places`);
}

function refusal(message: string, status: number): Error {
  return status === 408 || status === 429 || status >= 500 ? new PassingError(message) : new Error(message);
}

/** Never to less protection, and never to a host that nobody named. */
function followed(from: string, location: string, allowed: readonly string[]): string {
  const before = new URL(from);
  const to = URL.parse(location, from);
  const isProtected =
    to?.protocol === 'https:' || (before.protocol === 'http:' && to?.protocol === 'http:' && isLoopback(to.hostname));
  if (!to || !isProtected || to.username !== '' || to.password !== '')
    throw new Error(`${shown(from)} leads to where nothing is fetched from: only to https, and without credentials`);
  if (to.hostname !== before.hostname && !allowed.includes(to.hostname))
    throw new Error(`${shown(from)} leads to ${to.hostname}; if that is meant, name the host in redirects`);
  return to.href;
}

const reasonOf = (error: unknown): string => {
  const { cause, message } = error as Error & { cause?: Error & { code?: string } };
  return cause?.code ?? (cause?.message || message);
};

const shown = (url: string): string => url.replace(/[?#].*$/s, '');
