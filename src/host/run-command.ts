import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { longestTimer } from '../model/duration.ts';
import { MissingError } from '../model/missing-error.ts';
import type { Argv, CommandOptions, CommandResult } from './host.ts';
import { ownAccount } from './own-account.ts';

/** Per stream. */
const outputLimit = 1024 * 1024;
const defaultTimeout = 60_000;
/** Between SIGTERM and SIGKILL. */
const killDelay = 2_000;
/** How long a background child may keep the pipes open after the program has ended. */
const drainDelay = 250;

const fixedUmask = 0o022;
const fixedEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/**
 * Runs one program, without a shell, in its own process group and with nothing inherited: fixed environment and umask, `/` as the
 * directory unless told, `/dev/null` as the input unless given. On timeout the whole group is ended (SIGTERM, SIGKILL after
 * 2 s) and the result says `timedOut`; on abort the same, and the signal's reason is thrown. A non-zero exit is a result,
 * not an error. Throws when the program cannot be started: not installed, not executable, another user without root's rights.
 */
export async function runCommand(argv: Argv, options: CommandOptions, signal: AbortSignal): Promise<CommandResult> {
  signal.throwIfAborted();
  const [program] = argv;
  const { cwd = '/' } = options;
  const { name, home, ids } = account(options.user);
  const env = { ...fixedEnvironment, HOME: home, USER: name, LOGNAME: name, ...options.env };
  // Node's own error for this quotes the value, which may be a secret.
  if ([...argv, ...Object.entries(env).flat()].some((text) => text.includes('\0')))
    throw new Error(`${program}: an argument or environment value holds a NUL character`);
  const stdin = options.stdin === undefined ? 'ignore' : 'pipe';
  const child = start(argv, { cwd, env, detached: true, stdio: [stdin, 'pipe', 'pipe'], ...ids });
  const stdout = keepEnd(child.stdout);
  const stderr = keepEnd(child.stderr);
  if (options.stdin !== undefined) {
    // A program that does not read its input is no error of ours.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.stdin);
  }

  let timedOut = false;
  const group = endable(child);
  const onTimeout = (): void => {
    timedOut = true;
    group.end();
  };
  const timer = setTimeout(onTimeout, Math.min(options.timeout ?? defaultTimeout, longestTimer));
  signal.addEventListener('abort', group.end, { once: true });
  try {
    const ended = await exitOf(child, program, cwd);
    await group.gone();
    signal.throwIfAborted();
    const encoding = options.encoding ?? 'utf8';
    return { ...ended, timedOut, stdout: stdout.text(encoding), stderr: stderr.text(encoding) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', group.end);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

/** What keeps a program from being started Node throws in part, and tells later in part. */
function start([program, ...rest]: Argv, options: SpawnOptions & { readonly cwd: string }): ChildProcess {
  const umask = process.umask(fixedUmask);
  try {
    return spawn(program, rest, options);
  } catch (error) {
    throw startError(error as Error, program, options.cwd);
  } finally {
    process.umask(umask);
  }
}

/** Resolves when the program has ended and its output is read, or was left open by a child in the background. */
function exitOf(
  child: ChildProcess,
  program: string,
  cwd: string,
): Promise<{ readonly exitCode: number | null; readonly signal: NodeJS.Signals | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ exitCode: number | null; signal: NodeJS.Signals | null }>();
  child.once('error', (error) => reject(startError(error, program, cwd)));
  child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  child.once('exit', (exitCode, signal) => {
    setTimeout(() => resolve({ exitCode, signal }), drainDelay).unref();
  });
  return promise;
}

function startError(error: NodeJS.ErrnoException, program: string, cwd: string): Error {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    const directory = statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true;
    return directory
      ? new MissingError(program, `${program}: not installed on this host`)
      : new MissingError(cwd, `${program}: no directory ${cwd} to run in`);
  }
  if (error.code === 'EACCES') return new Error(`${program}: not executable, or its directory is not accessible`);
  if (error.code === 'E2BIG') return new Error(`${program}: its arguments and environment are longer than the system takes`);
  if (error.code === 'EPERM') return new Error(`${program}: running as another user needs root`);
  // The original names the arguments, which may be long; the code says enough.
  return new Error(`${program}: cannot be started (${error.code ?? 'unknown error'})`, {
    cause: { code: error.code },
  });
}

/** Ends a process group: asked first, then forced. */
function endable(child: ChildProcess): { readonly end: () => void; readonly gone: () => Promise<void> } {
  const { promise: killed, resolve } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  return {
    end() {
      if (timer || !send(child.pid, 'SIGTERM')) return;
      timer = setTimeout(() => {
        send(child.pid, 'SIGKILL');
        resolve();
      }, killDelay);
    },
    async gone() {
      if (timer && send(child.pid, 0)) await killed;
      clearTimeout(timer);
    },
  };
}

/** False when the group is gone. */
function send(pid: number | undefined, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Collects a stream but keeps only its last bytes. */
function keepEnd(stream: NodeJS.ReadableStream | null): { text(encoding: 'utf8' | 'latin1'): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    while (size - (chunks[0]?.length ?? 0) >= outputLimit) size -= chunks.shift()?.length ?? 0;
  });
  return {
    text: (encoding) => Buffer.concat(chunks).subarray(-outputLimit).toString(encoding),
  };
}

interface Account {
  readonly name: string;
  readonly home: string;
  /** Absent: this process's own. */
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/** Whom the program runs as. Supplementary groups are never taken over. */
function account(user: string | undefined): Account {
  if (user === undefined) return ownAccount();
  const found = passwdEntry(user);
  if (!found) throw new MissingError(user, `no user "${user}" on this host`);
  const { uid, gid, name, home } = found;
  const own = process.getuid?.();
  if (uid === own) return ownAccount();
  if (own !== 0) throw new Error(`running as ${user} needs root`);
  return { name, home, ids: { uid, gid } };
}

function passwdEntry(user: string) {
  const fields = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name, , id]) => name === user || id === user);
  return fields && { name: fields[0] ?? '', uid: Number(fields[2]), gid: Number(fields[3]), home: fields[5] || '/' };
}
