import type { Readable } from 'node:stream';
import { ConnectionError } from './connection.ts';
import { untilLost } from './until-lost.ts';

/** Bytes that one host may send in one conversation; reports of large plans carry their diffs. */
const mostBytes = 64 * 1024 * 1024;

/**
 * The lines of a stream, without their ends. Rejects with a `ConnectionError`: `garbled` for more than a conversation can be, or what
 * is no UTF-8, and a passing one when the connection is lost.
 */
export async function* readLines(stream: Readable): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let received = 0;
  for await (const chunk of untilLost(stream)) {
    received += chunk.length;
    if (received > mostBytes) throw new ConnectionError('garbled', `it sent more than ${mostBytes} bytes`);
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      yield decode(Buffer.concat(parts));
      parts = [];
      from = end + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (parts.length > 0) yield decode(Buffer.concat(parts));
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decode(line: Buffer): string {
  try {
    return decoder.decode(line);
  } catch {
    throw new ConnectionError('garbled', 'it sent bytes that are no text');
  }
}
