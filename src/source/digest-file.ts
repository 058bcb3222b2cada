import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { sha256 } from '../model/json.ts';

/** One buffer for all: what is only hashed need not be kept, and ten thousand buffers are ten thousand page faults. */
let scratch: Buffer | undefined;
const scratchSize = 1024 * 1024;

/** Of what an open file has from its position on; `size`: how many bytes that should be, and of a large file are read at most. */
export function digestFile(descriptor: number, size: number): { readonly sha256: string; readonly size: number } {
  const buffer = (scratch ??= Buffer.allocUnsafeSlow(scratchSize));
  if (size >= scratchSize) return digestInPieces(descriptor, size, buffer);
  let length = 0;
  for (let count = -1; count !== 0 && length < scratchSize; length += count) {
    if (length === size && size > 0) break;
    count = readSync(descriptor, buffer, length, scratchSize - length, null);
  }
  return { sha256: sha256(buffer.subarray(0, length)), size: length };
}

/** Whose file it is can make it longer as fast as it is read. */
function digestInPieces(descriptor: number, most: number, buffer: Buffer): { readonly sha256: string; readonly size: number } {
  const hash = createHash('sha256');
  let size = 0;
  for (let count = -1; count !== 0 && size < most; size += count) {
    count = readSync(descriptor, buffer, 0, Math.min(buffer.length, most - size), null);
    hash.update(buffer.subarray(0, count));
  }
  return { sha256: hash.digest('hex'), size };
}
