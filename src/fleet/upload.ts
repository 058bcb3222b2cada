import { createHash, randomUUID, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { lastLines } from '../model/last-lines.ts';
import { printableLine } from '../report/printable.ts';
import { ConnectionError, type Connection, type RemoteProcess } from './connection.ts';

interface Upload {
  /** Path of a file here. */
  readonly from: string;
  /** Absolute path over there; its directory is made where there is none. */
  readonly to: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Milliseconds without a byte going out, or without an answer. */
const longestStall = 60_000;
/** Milliseconds for checksums over there. */
const checkTimeout = 300_000;
/** Exit codes of `receive`: what came has another checksum; it ended before its size; another upload has begun. */
const isOther = 91;
const isCut = 92;
const isTaken = 93;

/** Prints the checksum and the mode of the file `$1`, and size and checksum of what was left of an upload. */
const look = `
if [ -f "$1" ] && [ ! -L "$1" ]; then printf 'file %s %s\\n' "$(sha256sum <"$1" | cut -c 1-64)" "$(stat -c %a -- "$1")"; fi
if [ -f "$1.part" ] && [ ! -L "$1.part" ]; then printf 'part %s %s\\n' "$(sha256sum <"$1.part" | cut -c 1-64)" "$(stat -c %s -- "$1.part")"; fi
exit 0
`;

/**
 * Makes it the turn of upload `$2`, which goes on behind the first `$3` bytes of what was left. These are copied: a program that a lost
 * connection has left behind may still write to what it has open.
 */
const claim = `
directory=$(dirname -- "$1")
(umask 022; mkdir -p -- "$directory") || exit
umask 077
printf %s "$2" >"$1.turn" || exit
head -c "$3" -- "$1.part" >"$1.part.new" 2>/dev/null || : >"$1.part.new" && mv -fT -- "$1.part.new" "$1.part"
`;

/**
 * Adds its input, unless another upload has begun meanwhile. The file gets its name when it has checksum `$3`, size `$4` and
 * mode `$5`, and is durable.
 */
const receive = `
umask 077
turn() { [ "$(cat -- "$1.turn" 2>/dev/null)" = "$2" ] || exit ${isTaken}; }
turn "$1" "$2"
cat >>"$1.part" || exit
turn "$1" "$2"
[ "$(stat -c %s -- "$1.part")" -ge "$4" ] || exit ${isCut}
[ "$(sha256sum <"$1.part" | cut -c 1-64)" = "$3" ] || { rm -f -- "$1.part" "$1.turn"; exit ${isOther}; }
chmod -- "$5" "$1.part" && sync -- "$1.part" && mv -fT -- "$1.part" "$1" && sync -- "$(dirname -- "$1")" && rm -f -- "$1.turn"
`;

/**
 * Brings a file to a host: through the input of one remote command, so that it works with `sudo` too. What a cut upload has left
 * (`.part`, 0600) is continued when it is the beginning of this file; under its own name the file appears whole, checked and durable, or
 * not at all. `same`: it was there already, perhaps with another mode. `tell` is told what has gone out. Rejects with a `ConnectionError`;
 * after a passing one the next call goes on where this one ended.
 */
export async function upload(
  connection: Connection,
  { from, to, mode }: Upload,
  signal: AbortSignal,
  tell: (sent: number, total: number) => void = () => {},
): Promise<'sent' | 'same'> {
  const { size } = statSync(from);
  const permissions = mode.toString(8);
  const found = await connection.run(['sh', '-c', look, 'upload', to], { timeout: checkTimeout, signal });
  if (found.exitCode !== 0) throw failure(connection, to, found.stderr);
  const there = readLook(found.stdout);
  const { whole, beginning } = await digests(from, there.part?.size ?? 0);
  if (there.file?.sha256 === whole) {
    if (there.file.mode === permissions) return 'same';
    const changed = await connection.run(['chmod', '--', permissions, to], { signal });
    if (changed.exitCode !== 0) throw failure(connection, to, changed.stderr);
    return 'same';
  }
  const offset = there.part !== undefined && there.part.size <= size && there.part.sha256 === beginning ? there.part.size : 0;
  const turn = randomUUID();
  const claimed = await connection.run(['sh', '-c', claim, 'upload', to, turn, String(offset)], {
    timeout: checkTimeout,
    signal,
  });
  if (claimed.exitCode !== 0) throw failure(connection, to, claimed.stderr);
  const words = [to, turn, whole, String(size), permissions];
  const process = await connection.start(['sh', '-c', receive, 'upload', ...words]);
  await send(connection, process, { from, offset, size }, signal, tell);
  return 'sent';
}

interface Part {
  readonly from: string;
  readonly offset: number;
  readonly size: number;
}

async function send(
  connection: Connection,
  process: RemoteProcess,
  { from, offset, size }: Part,
  signal: AbortSignal,
  tell: (sent: number, total: number) => void,
): Promise<void> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const { name } = connection.target;
  const stall = (): void => reject(new ConnectionError('slow', `${name} takes nothing more of the upload`, { isPassing: true }));
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  let timer = setTimeout(stall, longestStall);
  const { stream, ended } = process;
  let isOver = false;
  const over = ended.then(() => {
    isOver = true;
  });
  over.catch(() => {});
  stopped.catch(() => {});
  try {
    signal.throwIfAborted();
    stream.resume();
    let sent = offset;
    const file = createReadStream(from, { start: offset, highWaterMark: 256 * 1024 });
    for await (const chunk of file) {
      const isFull = !stream.write(chunk);
      if (isFull) await Promise.race([once(stream, 'drain'), over, stopped]);
      if (isOver) break;
      signal.throwIfAborted();
      sent += (chunk as Buffer).length;
      tell(sent, size);
      clearTimeout(timer);
      timer = setTimeout(stall, longestStall);
    }
    stream.end();
    clearTimeout(timer);
    timer = setTimeout(stall, checkTimeout);
    const { exitCode, stderr } = await Promise.race([ended, stopped]);
    if (exitCode !== 0) throw failure(connection, from, stderr, exitCode);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    process.kill();
  }
}

interface Found {
  readonly file?: { readonly sha256: string; readonly mode: string };
  readonly part?: { readonly sha256: string; readonly size: number };
}

function readLook(text: string): Found {
  const [, sha256, mode] = /^file ([0-9a-f]{64}) ([0-7]{3,4})$/m.exec(text) ?? [];
  const [, partial, size] = /^part ([0-9a-f]{64}) (\d{1,15})$/m.exec(text) ?? [];
  return {
    ...(sha256 !== undefined && mode !== undefined && { file: { sha256, mode } }),
    ...(partial !== undefined && { part: { sha256: partial, size: Number(size) } }),
  };
}

/** Checksums of the whole file and of its first bytes; of these none where there are fewer. */
async function digests(from: string, first: number): Promise<{ readonly whole: string; readonly beginning: string | undefined }> {
  const whole: Hash = createHash('sha256');
  let beginning = first === 0 ? whole.copy().digest('hex') : undefined;
  let read = 0;
  for await (const chunk of createReadStream(from, { highWaterMark: 1024 * 1024 })) {
    const bytes = chunk as Buffer;
    const split = first - read;
    if (split > 0 && split <= bytes.length) beginning = whole.copy().update(bytes.subarray(0, split)).digest('hex');
    whole.update(bytes);
    read += bytes.length;
  }
  return { whole: whole.digest('hex'), beginning };
}

function failure({ target: { name } }: Connection, file: string, stderr: string, exitCode?: number | null): ConnectionError {
  if (exitCode === isOther) {
    const hint = 'was the file changed meanwhile? Call it again';
    return new ConnectionError('garbled', `what arrived of ${file} on ${name} has another checksum and was removed`, { hint });
  }
  if (exitCode === isTaken)
    return new ConnectionError('error', `another upload of ${file} to ${name} has begun`, {
      hint: 'somebody else is at work there',
    });
  if (exitCode === isCut)
    return new ConnectionError('error', `${file} became shorter while it was sent to ${name}`, { hint: 'call it again' });
  const said = printableLine(lastLines(stderr)) || `exit ${exitCode ?? 'by a signal'}`;
  const isFull = /No space left on device|Disk quota exceeded/.test(stderr);
  const hint = isFull ? 'make room there and call it again: it goes on where it ended' : 'call it again when that is mended';
  return new ConnectionError('error', `${file} could not be brought to ${name}: ${isFull ? 'the disk is full: ' : ''}${said}`, {
    hint,
  });
}
