import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { longestTimer } from '../../model/duration.ts';
import { GitFailure, startGit, timedOut, type GitCall } from './run-git.ts';
import { TooLarge } from './too-large.ts';

/** Where the content of an object stands in a segment, and its digest. */
interface Placed {
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/** Bytes. */
export type Bounds = Readonly<Record<'largestFile' | 'total', number>>;

/** Objects of a mirror. Reads reject with `GitFailure` when git ends before it has answered, with `TooLarge` beyond bounds. */
export interface Objects extends AsyncDisposable {
  /** Contents of commits or trees, by id, without those that the mirror lacks or that are of another type. */
  read(type: 'commit' | 'tree', ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>>;
  /**
   * Streams blobs into one new file, as git prints them, and says where each stands. The file is durable when this resolves; memory
   * does not grow with it. Rejects for what the mirror lacks, and before anything is read that is beyond `bounds`.
   */
  copy(ids: readonly string[], file: string, bounds: Bounds): Promise<Copied>;
}

interface Copied {
  readonly placed: ReadonlyMap<string, Placed>;
  readonly size: number;
}

/** Of commits and trees that are asked for at once. */
const inMemory: Bounds = { largestFile: 8 * 1024 * 1024, total: 32 * 1024 * 1024 };

/** One process for all that is asked as long as this is open, started by the first question. Each may take the time of the call. */
export function openObjects(call: GitCall): Objects {
  const start = () => {
    const git = startGit(call, ['cat-file', '--batch']);
    git.stdin.on('error', () => {});
    const ended = once(git, 'close').catch(() => [1]) as Promise<[number | null]>;
    return { git, ended, chunks: git.stdout.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined> };
  };
  let started: ReturnType<typeof start> | undefined;
  const end = async (): Promise<void> => {
    started?.git.kill();
    await started?.ended;
    started = undefined;
  };
  const ask = async (ids: readonly string[], parser: ReturnType<typeof createParser>, take?: (chunk: Buffer) => void) => {
    const { git, ended, chunks } = (started ??= start());
    const timer = setTimeout(() => git.kill(), Math.min(call.timeout, longestTimer));
    git.stdin.write(ids.map((id) => `${id}\n`).join(''));
    try {
      while (parser.answered < ids.length) {
        const { value: chunk } = await chunks.next();
        if (!chunk) throw new GitFailure('cat-file', { exit: (await ended)[0] ?? timedOut, stderr: 'fatal: it ended too early' });
        take?.(chunk);
        parser.read(chunk);
        if (parser.beyond !== undefined) throw new TooLarge(parser.beyond);
      }
    } catch (error) {
      // What is still on its way answers nobody.
      await end();
      call.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async read(type, ids) {
      const parser = createParser(inMemory, true);
      await ask(ids, parser);
      return new Map([...parser.kept].flatMap(([id, kept]) => (kept.type === type ? [[id, kept.bytes]] : [])));
    },
    async copy(ids, file, bounds) {
      const descriptor = openSync(file, 'wx', 0o600);
      const parser = createParser(bounds, false);
      try {
        await ask(ids, parser, (chunk) => {
          writeFileSync(descriptor, chunk);
        });
        const { missing, placed } = parser;
        if (missing !== undefined || placed.size < new Set(ids).size)
          throw new GitFailure('cat-file', { exit: 1, stderr: `fatal: the mirror lacks ${missing ?? 'objects'}` });
        fsyncSync(descriptor);
        return { placed, size: parser.position };
      } finally {
        closeSync(descriptor);
      }
    },
    [Symbol.asyncDispose]: end,
  };
}

interface Open {
  readonly id: string;
  readonly type: string;
  readonly size: number;
  readonly offset: number;
  readonly hash: Hash | undefined;
  readonly parts: Buffer[];
  left: number;
}

/** Follows the answers: a line `<id> <type> <size>`, the content, a newline. Contents are kept, or digested. */
function createParser({ largestFile, total }: Bounds, isKept: boolean) {
  const placed = new Map<string, Placed>();
  const kept = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  let answered = 0;
  let position = 0;
  let contents = 0;
  let line = '';
  let open: Open | undefined;
  let missing: string | undefined;
  let beyond: string | undefined;
  const begin = (): void => {
    const [id = '', type = '', size] = line.split(' ');
    line = '';
    if (type === 'missing' || size === undefined) {
      missing ??= id;
      answered += 1;
      return;
    }
    contents += Number(size);
    if (Number(size) > largestFile || contents > total)
      beyond ??= `${type} ${id.slice(0, 12)} has ${size} bytes; expected at most ${largestFile}, and ${total} with all others`;
    const hash = isKept ? undefined : createHash('sha256');
    open = { id, type, size: Number(size), left: Number(size), offset: position, hash, parts: [] };
  };
  const finish = ({ id, type, offset, size, hash, parts }: Open): void => {
    if (!hash) kept.set(id, { type, bytes: Buffer.concat(parts) });
    else if (type === 'blob') placed.set(id, { offset, size, sha256: hash.digest('hex') });
    answered += 1;
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
      if (open.hash) open.hash.update(part);
      else open.parts.push(part);
      open.left -= part.length;
      position += part.length;
      at += part.length;
    }
  };
  return {
    read,
    placed,
    kept,
    get answered() {
      return answered;
    },
    get position() {
      return position;
    },
    get missing() {
      return missing;
    },
    get beyond() {
      return beyond;
    },
  };
}
