import { retryAfter } from '../model/retry-after.ts';

/** Of an answer; what is longer is not read. */
const mostBytes = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Milliseconds, from Retry-After. */
  readonly retryAfter: number | undefined;
}

/**
 * Posts JSON. Redirects are not followed: the body would go where nobody sent it. Throws with a reason that does not hold the
 * URL, for tokens stand in it.
 */
export async function postJson(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      redirect: 'manual',
      signal,
    });
    const text = await beginningOf(response);
    return { status: response.status, text, retryAfter: retryAfter(response.headers, Date.now()) };
  } catch (error) {
    // eslint-disable-next-line preserve-caught-error -- it may name the URL
    throw new Error(reasonOf(error, signal));
  }
}

async function beginningOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= mostBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8');
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted)
    return (signal.reason as Error).name === 'TimeoutError' ? 'no answer in time' : 'stopped before it was delivered';
  const { cause } = error as Error & { readonly cause?: { readonly code?: unknown } };
  return typeof cause?.code === 'string' ? `no connection (${cause.code})` : 'no connection';
}
