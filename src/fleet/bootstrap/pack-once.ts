import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A compressed file on the operator's machine, ready to be sent. */
export interface Packed {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The content, compressed, in the operator's cache under a name that says what is in it, so that it is made once. Always the same
 * bytes for the same content: a later call can go on with what an earlier one has sent in part.
 */
export async function packOnce(cache: string, name: string, content: Buffer): Promise<Packed> {
  const path = join(cache, `${name}.gz`);
  const known = statSync(path, { throwIfNoEntry: false });
  if (known?.isFile()) return { path, size: known.size };
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const staged = join(cache, `.${name}-${randomBytes(8).toString('hex')}`);
  try {
    await pipeline(Readable.from([content]), createGzip({ level: 6 }), createWriteStream(staged, { mode: 0o600, flush: true }));
    renameSync(staged, path);
  } finally {
    rmSync(staged, { force: true });
  }
  return { path, size: statSync(path).size };
}
