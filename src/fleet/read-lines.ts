import type { Readable } from 'node:stream';
import { ConnectionError } from './connection.ts';
import { untilLost } from './until-lost.ts';

const mebibyte = 1024 * 1024;
/** Bytes that one host may send in one conversation; reports of large plans carry their diffs. */
const mostBytes = 64 * mebibyte;
/** Bytes of all lines together whose ends have not come yet. */
const mostUnfinished = 128 * mebibyte;
/** A line of which this much has come is looked at beside the others. */
const longLine = mebibyte;

/** The beginning of a line whose end has not come. */
interface Beginning {
  parts: Buffer[];
  size: number;
  isGivenUp: boolean;
}

/** Of all conversations of this process, whose memory they share. */
const beginnings = new Set<Beginning>();

/**
 * The lines of a stream, without their ends. Rejects with a `ConnectionError`: `garbled` for more than a conversation can be, or what
 * is no UTF-8, and a passing one when the connection is lost, or the line is the longest of too many long ones at once.
 */
export async function* readLines(stream: Readable): AsyncGenerator<string> {
  const line: Beginning = { parts: [], size: 0, isGivenUp: false };
  const add = (part: Buffer): void => {
    line.parts.push(part);
    line.size += part.length;
  };
  const end = (): string => {
    const whole = Buffer.concat(line.parts);
    line.parts = [];
    line.size = 0;
    return decode(whole);
  };
  let received = 0;
  beginnings.add(line);
  try {
    for await (const chunk of untilLost(stream)) {
      received += chunk.length;
      if (received > mostBytes) throw new ConnectionError('garbled', `it sent more than ${mostBytes} bytes`);
      if (line.isGivenUp) throw tooLong();
      let from = 0;
      for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
        add(chunk.subarray(from, to));
        yield end();
        from = to + 1;
      }
      if (from < chunk.length) add(chunk.subarray(from));
      if (line.size > longLine) giveUpLongest();
    }
    if (line.isGivenUp) throw tooLong();
    if (line.size > 0) yield end();
  } finally {
    beginnings.delete(line);
  }
}

/** At once, also where nothing comes any more by which its reader would hear of it. */
function giveUpLongest(): void {
  const all = [...beginnings].sort((a, b) => b.size - a.size);
  if (all.reduce((sum, { size }) => sum + size, 0) <= mostUnfinished) return;
  Object.assign(all[0]!, { parts: [], size: 0, isGivenUp: true });
}

const tooLong = (): ConnectionError =>
  new ConnectionError('garbled', `lines of more than ${mostUnfinished} bytes come from all hosts, and its is the longest`, {
    hint: 'fewer hosts at once: --forks',
    isPassing: true,
  });

const decoder = new TextDecoder('utf-8', { fatal: true });

function decode(line: Buffer): string {
  try {
    return decoder.decode(line);
  } catch {
    throw new ConnectionError('garbled', 'it sent bytes that are no text');
  }
}
