import { isUtf8 } from 'node:buffer';

/** Bytes that are searched at once: what a pattern can match stands in one of the parts whole, which share this much with the next one. */
const largestPart = 1024 ** 2;
const overlap = 64 * 1024;
/** Of what is no text, fewer characters in a row say nothing: by chance any word of four letters stands in a large archive. */
const shortestWord = 8;
const lineFeed = 10;

/** What people and programs can read in bytes of any size, part by part, each with the line at which it begins. */
export function* textsIn(bytes: Buffer): Generator<{ readonly text: string; readonly line: number }> {
  let line = 1;
  for (let start = 0; ;) {
    const end = start + largestPart < bytes.length ? lineBefore(bytes, start + largestPart) : bytes.length;
    yield { text: legible(bytes.subarray(start, end)), line };
    if (end === bytes.length) return;
    const next = lineBefore(bytes, end - overlap);
    for (let at = start; (at = bytes.indexOf(lineFeed, at)) !== -1 && at < next; at++) line++;
    start = next;
  }
}

/** Where a line begins that is not far before a place; else that place. */
function lineBefore(bytes: Buffer, place: number): number {
  const start = bytes.lastIndexOf(lineFeed, place - 1) + 1;
  return start > place - overlap ? start : place;
}

function legible(bytes: Buffer): string {
  if (!bytes.includes(0)) return bytes.toString('utf8');
  return wordsIn(bytes, isUtf8(bytes) ? 0 : shortestWord).toString('utf8');
}

/** All but the NULs, so that letters of two bytes, as in UTF-16, count as one; where a word has a least length, what is in ASCII. */
function wordsIn(bytes: Buffer, least: number): Buffer {
  const words = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let since = 0;
  // By index: the iterator of a buffer takes ten times as long.
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte === 0) continue;
    const isLegible = least === 0 || (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d);
    if (!isLegible && length - since < least) length = since;
    else words[length++] = isLegible ? byte : lineFeed;
    if (!isLegible) since = length;
  }
  return words.subarray(0, length);
}
