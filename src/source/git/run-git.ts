import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { hardenedGit, hardenedGitEnvironment } from '../../model/hardened-git.ts';

/** How git is called: nothing of the user's or the system's configuration counts, only what stands here. */
export interface GitCall {
  /** The bare mirror. */
  readonly directory: string;
  readonly config: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds of wall clock. */
  readonly timeout: number;
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

/** Exit codes of timeout(1): the time ran out, or SIGKILL was needed. */
const timedOut = 124;
const killed = 137;
/** A file of the mirror, bytes; more is a pack bomb. */
const largestPack = 2 * 1024 ** 3;
/** What a command may print, bytes: the list of the largest tree that is accepted, and some. */
const mostOutput = 32 * 1024 * 1024;

const unsafe = {
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeAskPass: true,
  allowUnsafeSshCommand: true,
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeGpgProgram: true,
};

/** Runs git for its output. Rejects with `GitFailure` for every exit but 0, and with the signal's reason when it is aborted. */
export async function runGit(call: GitCall, args: readonly string[]): Promise<string> {
  const result = await askGit(call, args);
  if (result.exit !== 0) throw new GitFailure(args[0] ?? '', result);
  return result.stdout;
}

/**
 * Runs git for its exit code too. It runs below timeout(1), in a process group of its own: what hangs is ended with its
 * helpers (ssh among them), also when this process is killed meanwhile. A time that ran out is exit 124.
 */
export async function askGit(call: GitCall, args: readonly string[]): Promise<GitResult> {
  call.signal.throwIfAborted();
  const { simpleGit } = await import('simple-git');
  const env = environment(call);
  const flood = new AbortController();
  let failed: GitResult | undefined;
  const git = simpleGit({
    baseDir: call.directory,
    binary: 'timeout',
    allowEnvironment: Object.keys(env),
    unsafe,
    abort: AbortSignal.any([call.signal, flood.signal]),
    // simple-git resolves a failed command as success when it wrote nothing to stderr.
    errors(error, { exitCode, stdErr }) {
      if (error === undefined && exitCode === 0) return undefined;
      const exit = exitCode === killed ? timedOut : exitCode || 1;
      failed = { exit, stdout: '', stderr: Buffer.concat([...stdErr]).toString() || String(error ?? '') };
      return error ?? new Error(`exit ${exitCode}`);
    },
  }).env(env);
  let printed = 0;
  git.outputHandler((_command, stdout, stderr) => {
    for (const stream of [stdout, stderr])
      stream.on('data', (chunk: Buffer) => {
        printed += chunk.length;
        if (printed > mostOutput) flood.abort();
      });
  });
  try {
    return { exit: 0, stdout: await git.raw(commandLine(call, args)), stderr: '' };
  } catch (error) {
    call.signal.throwIfAborted();
    if (flood.signal.aborted) return { exit: 1, stdout: '', stderr: `git ${args[0]} printed more than ${mostOutput} bytes` };
    if (!failed) throw error;
    return failed;
  }
}

/** Starts git with pipes to both sides, for what is too much to be held in memory. Its errors are ignored: ask for the exit code. */
export function startGit(call: GitCall, args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  return spawn('timeout', commandLine(call, args), {
    cwd: call.directory,
    env: environment(call),
    stdio: ['pipe', 'pipe', 'ignore'],
    signal: call.signal,
  });
}

const commandLine = ({ timeout }: GitCall, args: readonly string[]): string[] => [
  '--kill-after=2',
  (timeout / 1000).toFixed(3),
  ...(args[0] === 'fetch' ? ['prlimit', `--fsize=${largestPack}`] : []),
  'git',
  ...args,
];

/** Names and values of settings go through the environment: a token must not stand in the process list. */
function environment({ directory, config, env }: GitCall): Record<string, string> {
  const settings = Object.entries({ ...hardened, 'safe.directory': directory, ...config });
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: directory,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    GIT_DIR: directory,
    ...hardenedGitEnvironment,
    GIT_ALLOW_PROTOCOL: '',
    ...env,
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

const hardened = {
  ...hardenedGit,
  'core.symlinks': 'false',
  'core.fsync': 'all',
  'core.sshCommand': '/bin/false',
  'transfer.fsckObjects': 'true',
  'fetch.unpackLimit': '1',
  'http.lowSpeedLimit': '1000',
  'http.lowSpeedTime': '20',
  'safe.bareRepository': 'explicit',
} as const;
