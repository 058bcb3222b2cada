import { request, type IncomingMessage } from 'node:http';
import { ExitError } from '../model/exit-error.ts';
import { readBounded } from '../model/read-bounded.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Bytes. */
const largestAnswer = 64 * 1024 * 1024;
/** How long one that is busy may take to say how it is. Milliseconds. */
const patience = 30_000;

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** More than for what is answered at once. */
  readonly within?: number;
}

/**
 * Asks the agent that listens at `socket`; undefined when there is none. Throws for one that may not be asked, that gives no
 * JSON, that goes away while it is asked, or has no answer `within` so many milliseconds.
 */
export function callAgent(
  socket: string,
  { method, path, body, within = patience }: Question,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>();
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const headers = sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) };
  const late = AbortSignal.timeout(within);
  const bounded = AbortSignal.any([signal, late]);
  const call = request({ socketPath: socket, method, path, headers, signal: bounded, agent: false }, (response) => {
    answerOf(response, socket).then(resolve, reject);
  });
  call.on('error', (error: NodeJS.ErrnoException) => {
    const { code = '' } = error;
    if (['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(code)) resolve(undefined);
    else if (signal.aborted) reject(signal.reason as Error);
    else if (late.aborted)
      reject(
        new ExitError(
          'error',
          'the agent is there, but does not answer',
          'see `journalctl -u timmy-reconciler`; systemd ends one that hangs',
        ),
      );
    else if (code === 'ECONNRESET')
      reject(new ExitError('error', 'the agent ended before it answered', 'reconcile status tells whether it runs'));
    else if (code === 'EACCES')
      reject(new ExitError('usage', `${socket} is not yours to open`, 'run as the user of the agent, usually with sudo'));
    else reject(error);
  });
  call.end(sent);
  return promise;
}

async function answerOf(response: IncomingMessage, socket: string): Promise<Answer> {
  const bytes = await readBounded(response, largestAnswer);
  if (!bytes) throw new Error(`the answer of the agent is larger than ${largestAnswer} bytes`);
  try {
    return { status: response.statusCode ?? 0, body: JSON.parse(bytes.toString('utf8')) as unknown };
  } catch (error) {
    throw new Error(`what answers at ${socket} is not the agent: ${(error as Error).message}`, { cause: error });
  }
}
