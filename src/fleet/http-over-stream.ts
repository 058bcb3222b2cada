import { request, type IncomingMessage } from 'node:http';
import type { Duplex, Writable } from 'node:stream';
import { readBounded } from '../model/read-bounded.ts';
import { ConnectionError } from './connection.ts';
import { ownFaultOf } from './own-fault.ts';
import { untilLost } from './until-lost.ts';

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: {
    /** Bytes. */
    readonly size: number;
    write(to: Writable): Promise<void>;
  };
}

/** One HTTP request to the agent behind a stream; the stream is used up by it. Rejects with `garbled` for an answer that is no HTTP. */
export function requestOver(stream: Duplex, { method, path, body }: Call): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = body && { 'content-type': 'application/octet-stream', 'content-length': body.size };
  // Without an http.Agent, which would ask the stream for what only a TCP socket has.
  const call = request({ createConnection: () => stream, host: 'localhost', method, path, ...(headers && { headers }) });
  call.on('response', resolve);
  call.on('error', (error: NodeJS.ErrnoException) => reject(failure(error)));
  // The answer may come, and the stream end, before all of the body is sent.
  if (body) body.write(call).catch((error: Error) => reject(error));
  else call.end();
  return promise;
}

/** The text of an answer with status 200, of at most `limit` bytes. Rejects with a `ConnectionError`. */
export async function textOver(stream: Duplex, path: string, limit: number): Promise<string> {
  const response = await requestOver(stream, { method: 'GET', path });
  const bytes = await readBounded(untilLost(response), limit);
  if (!bytes) throw new ConnectionError('garbled', `the agent answered with more than ${limit} bytes`);
  if (response.statusCode === 404)
    throw new ConnectionError('missing', `its agent does not know ${path}`, {
      hint: 'reconcile fleet bootstrap brings it up to date',
    });
  if (response.statusCode !== 200)
    throw new ConnectionError('garbled', `the agent answered ${path} with status ${response.statusCode}`);
  return bytes.toString('utf8');
}

function failure(error: NodeJS.ErrnoException): Error {
  if (error instanceof ConnectionError) return error;
  if (error.code?.startsWith('HPE_'))
    return new ConnectionError('garbled', 'what listens at the socket of the agent speaks no HTTP');
  const lost = `the connection to the agent was lost: ${error.message}`;
  return ownFaultOf(error) ?? new ConnectionError('unreachable', lost, { isPassing: true });
}
