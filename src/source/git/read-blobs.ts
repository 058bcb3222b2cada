import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { GitFailure, startGit, type GitCall } from './run-git.ts';

/** Where the content of an object stands in a segment, and its digest. */
interface Placed {
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/**
 * Streams objects out of the mirror into one new file, as `git cat-file --batch` prints them, and says where each stands. The file
 * is durable when this resolves; memory does not grow with it. `keep` are ids whose bytes are given back too. Rejects with `GitFailure`
 * for what the mirror lacks, and before anything is read that is beyond `bounds`, in bytes.
 */
export async function readBlobs(
  call: GitCall,
  ids: readonly string[],
  file: string,
  keep: ReadonlySet<string>,
  bounds = { largestFile: Infinity, total: Infinity },
): Promise<{ readonly placed: ReadonlyMap<string, Placed>; readonly kept: ReadonlyMap<string, Buffer>; readonly size: number }> {
  const git = startGit(call, ['cat-file', '--batch', '--buffer']);
  const ended = once(git, 'close').catch(() => [1]) as Promise<[number | null]>;
  git.stdin.on('error', () => {});
  git.stdin.end(`${ids.join('\n')}\n`);
  const descriptor = openSync(file, 'wx', 0o600);
  const parser = createParser(keep, bounds);
  try {
    for await (const chunk of git.stdout as AsyncIterable<Buffer>) {
      for (let offset = 0; offset < chunk.length;) offset += writeSync(descriptor, chunk, offset);
      parser.read(chunk);
      if (parser.isBeyond) throw new GitFailure('cat-file', { exit: 1, stderr: 'fatal: larger than what is read' });
    }
    const [exit] = await ended;
    call.signal.throwIfAborted();
    const { missing } = parser;
    if (exit !== 0 || missing !== undefined || parser.placed.size < new Set(ids).size)
      throw new GitFailure('cat-file', { exit: exit ?? 1, stderr: `fatal: the mirror lacks ${missing ?? 'objects'}` });
    fsyncSync(descriptor);
    return { placed: parser.placed, kept: parser.kept, size: parser.position };
  } finally {
    closeSync(descriptor);
    git.kill();
  }
}

interface Open {
  readonly id: string;
  readonly size: number;
  readonly offset: number;
  readonly hash: Hash;
  readonly parts: Buffer[] | undefined;
  left: number;
}

/** Follows the stream: a line `<id> <type> <size>`, the content, a newline. */
function createParser(
  keep: ReadonlySet<string>,
  { largestFile, total }: { readonly largestFile: number; readonly total: number },
) {
  const placed = new Map<string, Placed>();
  const kept = new Map<string, Buffer>();
  let position = 0;
  let line = '';
  let open: Open | undefined;
  let missing: string | undefined;
  let isBeyond = false;
  const begin = (): void => {
    const [id = '', type = '', size] = line.split(' ');
    line = '';
    if (type === 'missing' || size === undefined) {
      missing ??= id;
      return;
    }
    isBeyond ||= Number(size) > largestFile || position + Number(size) > total;
    const parts = keep.has(id) ? [] : undefined;
    open = { id, size: Number(size), left: Number(size), offset: position, hash: createHash('sha256'), parts };
  };
  const finish = ({ id, offset, size, hash, parts }: Open): void => {
    placed.set(id, { offset, size, sha256: hash.digest('hex') });
    if (parts) kept.set(id, Buffer.concat(parts));
    open = undefined;
  };
  const read = (chunk: Buffer): void => {
    let at = 0;
    while (at < chunk.length) {
      if (!open) {
        const end = chunk.indexOf(10, at);
        const until = end < 0 ? chunk.length : end;
        line += chunk.toString('latin1', at, until);
        position += (end < 0 ? until : end + 1) - at;
        at = end < 0 ? until : end + 1;
        if (end >= 0) begin();
        continue;
      }
      if (open.left === 0) {
        // The newline behind the content.
        position += 1;
        at += 1;
        finish(open);
        continue;
      }
      const part = chunk.subarray(at, at + open.left);
      open.hash.update(part);
      open.parts?.push(Buffer.from(part));
      open.left -= part.length;
      position += part.length;
      at += part.length;
    }
  };
  return {
    read,
    placed,
    kept,
    get position() {
      return position;
    },
    get missing() {
      return missing;
    },
    get isBeyond() {
      return isBeyond;
    },
  };
}
