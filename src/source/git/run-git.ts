import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { longestTimer } from '../../model/duration.ts';
import { hardenedEnvironment } from '../../model/hardened-git.ts';

/** How git is called: nothing of the user's or the system's configuration counts, only what stands here. */
export interface GitCall {
  /** The bare mirror. */
  readonly directory: string;
  readonly config: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds of wall clock. */
  readonly timeout: number;
  /** Of a file that a fetch may write, bytes; a pack is one. */
  readonly largest?: number;
  readonly signal: AbortSignal;
}

interface GitResult {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A git command that ended with anything but 0. The message is git's own and not yet for people. */
export class GitFailure extends Error {
  readonly stderr: string;
  readonly timedOut: boolean;

  constructor(command: string, { exit, stderr }: Pick<GitResult, 'exit' | 'stderr'>) {
    super(`git ${command} ended with ${exit}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
    this.stderr = stderr;
    this.timedOut = exit === timedOut;
  }
}

/** Exit codes of timeout(1): the time ran out, or SIGKILL was needed. What this process ended has none. */
export const timedOut = 124;
const killed = 137;
/** A file of the mirror, bytes; more is a pack bomb. */
const largestPack = 2 * 1024 ** 3;
/** What a command may print that is held in memory, bytes. */
const mostOutput = 32 * 1024 * 1024;
/** Characters of the end of what it says went wrong, where its output is read as it comes. */
const mostSaid = 10_000;

/**
 * Runs git for its output, with the rest of an open file as its input where one is given. Rejects with `GitFailure` for every exit
 * but 0, and with the signal's reason when it is aborted.
 */
export async function runGit(call: GitCall, args: readonly string[], input?: number): Promise<string> {
  const result = await askGit(call, args, input);
  if (result.exit !== 0) throw new GitFailure(args[0] ?? '', result);
  return result.stdout;
}

/** Runs git for its exit code too. A time that ran out is exit 124. Whatever becomes of it, git is over then, with all that it has started. */
export async function askGit(call: GitCall, args: readonly string[], input?: number): Promise<GitResult> {
  call.signal.throwIfAborted();
  const [program, words, options] = startOf(call, args);
  const { timeout } = call;
  const git = withPipes(
    spawn(program, words, {
      ...options,
      ...(program === 'git' && { timeout }),
      stdio: [input ?? 'ignore', 'pipe', 'pipe'],
    }),
  );
  let printed = 0;
  const collect = (stream: Readable): Buffer[] => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.length;
      if (printed > mostOutput) git.kill();
      else chunks.push(chunk);
    });
    return chunks;
  };
  const [stdout, stderr] = [collect(git.stdout!), collect(git.stderr!)];
  const faults: NodeJS.ErrnoException[] = [];
  git.on('error', (error) => faults.push(error));
  const endGroup = (): void => endAll(git.pid);
  if (program === 'timeout') call.signal.addEventListener('abort', endGroup);
  // An abort is an error too, at which git may still write into the mirror.
  const code = await new Promise<number | null>((resolve) => git.once('close', resolve));
  call.signal.removeEventListener('abort', endGroup);
  call.signal.throwIfAborted();
  const [fault] = faults;
  const isMissing = fault?.code === 'ENOENT' && existsSync(call.directory);
  if (fault) throw isMissing ? new GitFailure(args[0] ?? '', { exit: 127, stderr: 'failed to run command git' }) : fault;
  if (printed > mostOutput) return { exit: 1, stdout: '', stderr: `git ${args[0]} printed more than ${mostOutput} bytes` };
  const exit = code === null || code === killed ? timedOut : code;
  return { exit, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** Of a process group. timeout(1) that is ended before it knows what it has started leaves that running. */
function endAll(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group);
  } catch {
    // It has ended, or is not yet one.
  }
}

/** What git prints, as it comes: whoever stops reading ends it. Rejects as `runGit` does. */
export async function* readGit(call: GitCall, args: readonly string[]): AsyncGenerator<string, void> {
  call.signal.throwIfAborted();
  const [program, words, options] = startOf(call, args);
  const git = withPipes(
    spawn(program, words, { ...options, timeout: Math.min(call.timeout, longestTimer), stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  const ended = once(git, 'close').catch(() => [1]) as Promise<[number | null]>;
  let stderr = '';
  git.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-mostSaid)));
  try {
    yield* git.stdout.setEncoding('utf8') as AsyncIterable<string>;
    const [exit] = await ended;
    call.signal.throwIfAborted();
    if (exit !== 0) throw new GitFailure(args[0] ?? '', { exit: exit ?? timedOut, stderr });
  } finally {
    git.kill();
    await ended;
  }
}

/**
 * Starts git with pipes to both sides, for what is too much to be held in memory. Its errors are ignored: ask for the exit code. What
 * starts nobody else has no limit of time: whoever asks it sets one for each question.
 */
export function startGit(call: GitCall, args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  const [program, words, options] = startOf(call, args);
  return withPipes(spawn(program, words, { ...options, stdio: ['pipe', 'pipe', 'ignore'] }));
}

/** Where too many files are open it has none, and the error that follows would end this process. */
function withPipes<T extends ChildProcess>(git: T): T {
  if (git.stdout) return git;
  git.on('error', () => undefined);
  throw new Error('git cannot be started: too many files are open');
}

/** They start nobody else, and end with their input. */
const lonely = new Set(['cat-file', 'index-pack', 'ls-tree', 'merge-base']);

/**
 * How git is started. What starts others runs below timeout(1), in a process group of its own: what hangs is ended with its helpers
 * (ssh among them), also when this process is killed meanwhile.
 */
function startOf(call: GitCall, args: readonly string[]) {
  const { directory, timeout, largest = largestPack, signal } = call;
  const options = { cwd: directory, env: environment(call), signal };
  if (lonely.has(args[0] ?? '')) return ['git', args, options] as const;
  const limited = args[0] === 'fetch' ? ['prlimit', `--fsize=${largest}`] : [];
  return ['timeout', ['--kill-after=2', (timeout / 1000).toFixed(3), ...limited, 'git', ...args], options] as const;
}

/** Names and values of settings go through the environment: a token must not stand in the process list. */
function environment({ directory, config, env }: GitCall): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: directory,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    GIT_DIR: directory,
    GIT_ALLOW_PROTOCOL: '',
    ...env,
    ...hardenedEnvironment({ ...ofMirror, 'safe.directory': directory, ...config }),
  };
}

const ofMirror = {
  'core.symlinks': 'false',
  'core.fsync': 'all',
  'core.sshCommand': '/bin/false',
  'transfer.fsckObjects': 'true',
  'fetch.unpackLimit': '1',
  'http.lowSpeedLimit': '1000',
  'http.lowSpeedTime': '20',
  'safe.bareRepository': 'explicit',
} as const;
