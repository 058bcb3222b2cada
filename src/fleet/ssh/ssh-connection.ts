import type { ClientChannel } from 'ssh2';
import { pipeline } from 'node:stream/promises';
import type { Target } from '../../model/fleet.ts';
import { ConnectionError, type Connection, type RemoteOptions, type RemoteProcess, type RemoteResult } from '../connection.ts';
import { commandLine } from './command-line.ts';
import { said, type OpenClient } from './open-client.ts';
import { sudoRefusal } from './sudo-refusal.ts';
import { within } from './within.ts';

/** Milliseconds. */
const defaultTimeout = 60_000;
const openingTimeout = 20_000;
/** Bytes. */
const defaultLimit = 1024 * 1024;
const keptOfStderr = 64 * 1024;
/** What a host may send beyond what is read; twice what it is allowed to, which a decent one keeps to. */
const mostUnread = 4 * 1024 * 1024;

/** How programs ended. */
const exitCodes = new WeakMap<ClientChannel, number | null>();

/** The connection for the rest of this program; `user` is who it is over there. */
export function sshConnection(target: Target, open: OpenClient, user: string): Connection {
  const { name } = target;
  const { client, ssh, gone } = open;
  const channels = watchUnread(name, open);
  const withRights = (argv: readonly string[]): readonly string[] =>
    target.become && user !== 'root' ? ['sudo', '-n', '--', ...argv] : argv;

  const opened = async (opening: Promise<ClientChannel>, what: string, signal?: AbortSignal): Promise<ClientChannel> => {
    const channel = await within(opening, {
      timeout: openingTimeout,
      gone,
      slow: slow(what, openingTimeout),
      ...(signal && { signal }),
      late: (made) => made.close(),
    });
    channels.add(channel);
    channel.once('close', () => channels.delete(channel));
    return channel;
  };

  const launch = async (argv: readonly string[], program: string, signal?: AbortSignal): Promise<ClientChannel> => {
    const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
    const line = commandLine(withRights(argv));
    gone.throwIfAborted();
    signal?.throwIfAborted();
    client.exec(line, (error, channel) => {
      if (error) return reject(gone.aborted ? (gone.reason as Error) : refused(program, error));
      // Here and not where it is asked for: a short program has ended before this promise is heard of.
      channel.on('exit', (code: number | null) => exitCodes.set(channel, code));
      resolve(channel);
    });
    return opened(promise, program, signal);
  };
  const refused = (program: string, error: Error): ConnectionError =>
    new ConnectionError('denied', `${name} does not start ${said(program)} (${said(error.message)})`);
  const slow = (program: string, timeout: number): ConnectionError =>
    new ConnectionError('slow', `${said(program)} did not end within ${timeout / 1000} s on ${name}`, { isPassing: true });

  return {
    target,
    gone,

    async run(argv, { stdin, timeout = defaultTimeout, limit = defaultLimit, signal }: RemoteOptions = {}) {
      const program = argv[0] ?? '';
      const channel = await launch(argv, program, signal);
      const work = collect(channel, stdin, limit, () => {
        const flood = new ConnectionError('garbled', `${said(program)} on ${name} wrote more than ${limit} bytes`, {
          hint: 'have it write less, or into a file over there',
        });
        open.break(flood);
        return flood;
      });
      try {
        const result = await within(work, { timeout, gone, slow: slow(program, timeout), ...(signal && { signal }) });
        const refusal = target.become && mayRefuse(result) && sudoRefusal(result.stderr);
        if (refusal) throw noRights(name, user, refusal);
        return result;
      } finally {
        drop(channel);
      }
    },

    async start(argv): Promise<RemoteProcess> {
      const channel = await launch(argv, argv[0] ?? '');
      const chunks: Buffer[] = [];
      let size = 0;
      channel.stderr.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        while (size - chunks[0]!.length >= keptOfStderr) size -= chunks.shift()!.length;
      });
      const stderr = (): string => Buffer.concat(chunks).subarray(-keptOfStderr).toString();
      const ended = untilClosed(channel, gone).then((exitCode) => ({ exitCode, stderr: stderr() }));
      // Whoever only reads the stream hears of a loss as of its end.
      ended.catch(() => {});
      return { stream: channel, ended, kill: () => drop(channel) };
    },

    async openSocket(path) {
      gone.throwIfAborted();
      const opening = ssh.forwardOutStreamLocal(path) as Promise<ClientChannel>;
      try {
        return await opened(opening, 'the socket');
      } catch (error) {
        if (error instanceof ConnectionError) throw error;
        gone.throwIfAborted();
        return undefined;
      }
    },

    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

/** sudo ends with 1, a shell that does not find it with 127. */
const mayRefuse = ({ exitCode, stdout }: RemoteResult): boolean => (exitCode === 1 || exitCode === 127) && stdout === '';

function noRights(name: string, user: string, refusal: string): ConnectionError {
  const hint = `let ${user} use sudo without a password there, or connect as root`;
  return new ConnectionError('denied', `${name} does not let ${user} become root (${said(refusal)})`, { hint });
}

/** Ends a channel from this side; what still arrives is thrown away. */
function drop(channel: ClientChannel): void {
  channel.resume();
  channel.stderr.resume();
  channel.close();
}

/** Writes the input, reads the output, and resolves when the program has ended. */
async function collect(
  channel: ClientChannel,
  stdin: RemoteOptions['stdin'],
  limit: number,
  onFlood: () => ConnectionError,
): Promise<RemoteResult> {
  const { promise: flood, reject } = Promise.withResolvers<never>();
  let size = 0;
  const keep =
    (chunks: Buffer[]) =>
    (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) reject(onFlood());
      else chunks.push(chunk);
    };
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  channel.on('data', keep(stdout));
  channel.stderr.on('data', keep(stderr));
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  channel.on('close', () => resolve());
  if (stdin === undefined || typeof stdin === 'string' || Buffer.isBuffer(stdin)) channel.end(stdin);
  else {
    const { promise: broken, reject: fail } = Promise.withResolvers<never>();
    stdin.once('error', fail);
    // A program that does not read its input is no error of ours.
    pipeline(stdin, channel).catch(() => {});
    await Promise.race([closed, flood, broken]).finally(() => stdin.destroy());
  }
  await Promise.race([closed, flood]);
  const exitCode = exitCodes.get(channel) ?? null;
  return { exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

function untilClosed(channel: ClientChannel, gone: AbortSignal): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const isLost = (): boolean => gone.aborted && !exitCodes.has(channel);
  const settle = (): void => (isLost() ? reject(gone.reason as Error) : resolve(exitCodes.get(channel) ?? null));
  // A lost connection closes its channels before it says so itself.
  channel.on('close', () => setImmediate(settle));
  gone.addEventListener('abort', () => isLost() && reject(gone.reason as Error), { once: true });
  return promise;
}

/** ssh2 keeps what a host sends beyond its window; a hostile one could fill the memory of this process so. */
function watchUnread(name: string, open: OpenClient): Set<ClientChannel> {
  const channels = new Set<ClientChannel>();
  open.stream.on('data', () => {
    for (const { readableLength, stderr } of channels) {
      if (readableLength <= mostUnread && stderr.readableLength <= mostUnread) continue;
      open.break(new ConnectionError('garbled', `${name} sends more than it was told to`));
    }
  });
  return channels;
}
